package io.busbar.api.vop;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * One channel of a DMA engine: copies between own memory and the peer's while the processor does something else. Transfers of
 * one channel are done in the order in which they were submitted. Safe for any thread.
 */
@ConsumerType
public interface DmaChannel {

    /** Returns what own offsets, peer addresses and lengths must be multiples of: a power of two, bytes. */
    int alignment();

    /** Returns the most bytes of one transfer, a multiple of the alignment. */
    long maxBytes();

    /**
     * Submits a transfer from own memory to the peer's. Never waits.
     *
     * @param source      own memory
     * @param offset      of the first byte in it
     * @param peerAddress where to, as the peer gave it
     * @param bytes       1 to {@link #maxBytes()}
     * @param meter       to which it is counted
     * @param completion  told at the end
     * @param token       given to the completion
     * @return whether it was taken; false if the channel is full, and then nothing is told
     * @throws IllegalArgumentException if a number is out of its range or misaligned
     */
    boolean write(OwnMemory source, long offset, long peerAddress, long bytes, LinkMeter meter,
            DmaCompletion completion, long token);

    /**
     * Submits a transfer from the peer's memory to own memory; as {@link #write}.
     *
     * @param peerAddress where from, as the peer gave it
     * @param target      own memory
     * @param offset      of the first byte in it
     * @param bytes       1 to {@link #maxBytes()}
     * @param meter       to which it is counted
     * @param completion  told at the end
     * @param token       given to the completion
     * @return whether it was taken
     */
    boolean read(long peerAddress, OwnMemory target, long offset, long bytes, LinkMeter meter,
            DmaCompletion completion, long token);

    /** Starts what was submitted and not started yet. */
    void issue();
}
