package io.busbar.api.vop;

/**
 * What crossed the link, from one end's side.
 *
 * @param postedWrites   writes to the peer's memory
 * @param postedBytes    bytes of these
 * @param nonPostedReads reads from the peer's memory
 * @param nonPostedBytes bytes of these
 * @param doorbells      doorbells of the peer that were rung
 * @param interrupts     calls of handlers
 * @param dmaDescriptors descriptors that the DMA engine has done
 * @param dmaBytes       bytes that it has moved
 * @param nanos          time that all this takes by the link's model, nanoseconds; 0 without one
 */
public record LinkCounters(long postedWrites, long postedBytes, long nonPostedReads, long nonPostedBytes, long doorbells,
        long interrupts, long dmaDescriptors, long dmaBytes, long nanos) {

    /** Nothing yet. */
    public static final LinkCounters NONE = new LinkCounters(0, 0, 0, 0, 0, 0, 0, 0, 0);
}
