package io.busbar.api.vop;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told that a DMA transfer has ended. */
@ConsumerType
@FunctionalInterface
public interface DmaCompletion {

    /** No error. */
    int DONE = 0;

    /** An address was not one that the peer shares (EFAULT): nothing outside was touched, but a part may have been copied. */
    int FAULT = -14;

    /** The link is gone, or the channel was stopped (ESHUTDOWN). */
    int GONE = -108;

    /**
     * Called once for each transfer, on a thread of the link; must not block.
     *
     * @param token  of the transfer
     * @param result {@link #DONE}, {@link #FAULT} or {@link #GONE}
     */
    void ended(long token, int result);
}
