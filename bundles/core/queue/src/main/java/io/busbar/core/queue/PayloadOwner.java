package io.busbar.core.queue;

import io.busbar.api.memory.IoCompletion;

/** The chain that a {@link ChainPayload} is a direction of. */
interface PayloadOwner {

    /** Returns whether the payload may be used: from its taking to its completion. */
    boolean isOpen();

    /**
     * Starts an asynchronous transfer of all that remains of a payload.
     *
     * @return whether it was started
     */
    boolean startTransfer(
            ChainPayload payload, int descriptor, long fileOffset, int flags, IoCompletion completion, Object attachment);
}
