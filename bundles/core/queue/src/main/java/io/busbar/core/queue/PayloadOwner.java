package io.busbar.core.queue;

import io.busbar.api.memory.IoCompletion;

/** The chain that a {@link ChainPayload} is a direction of. */
interface PayloadOwner {

    /**
     * Begins a verb of a payload; the chain stays in flight until its end.
     *
     * @return whether {@link #leave} has to be called at its end
     * @throws IllegalStateException if the chain has ended, or was given up meanwhile
     */
    boolean enter();

    /** Ends what {@link #enter} began. */
    void leave();

    /**
     * Refuses what comes after the end of the chain, for a caller that has it for certain until then.
     *
     * @throws IllegalStateException if the chain has ended
     */
    void checkOpen();

    /**
     * Starts an asynchronous transfer of all that remains of a payload.
     *
     * @return whether it was started
     */
    boolean startTransfer(
            ChainPayload payload, int descriptor, long fileOffset, int flags, IoCompletion completion, Object attachment);
}
