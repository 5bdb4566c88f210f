package io.busbar.api.vop;

import io.busbar.api.memory.MemoryRegion;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What any link between two memories can do, as one end sees it: doorbells, memory, DMA channels, meters. (What the hw ops of
 * Linux's VOP and SCIF buses have in common, and the DMA mapping ops and DMA channels of the same device.) Safe for any thread.
 * Nothing here waits for the peer.
 */
@ConsumerType
public interface LinkOps {

    /** Returns the number of doorbells that the peer can ring here: 1 to 128. */
    int doorbells();

    /** Returns a doorbell for the next user: 0 to {@link #doorbells()} - 1; of those that are used least. Several may share one. */
    int nextDoorbell();

    /**
     * Has a handler called when the peer rings a doorbell. Rings while the handler runs lead to one more call.
     *
     * @param doorbell 0 to {@link #doorbells()} - 1
     * @param user     who asks, for listings
     * @param meter    to which calls of the handler are counted
     * @param handler  called on a thread of the link; must not block
     * @return the registration
     * @throws VopException EINVAL for a doorbell that is not there; ENOSPC if there is no vector left
     */
    VopInterrupt requestInterrupt(int doorbell, String user, LinkMeter meter, Runnable handler) throws VopException;

    /**
     * Acknowledges an interrupt; the first thing that a handler does.
     *
     * @param doorbell that was rung
     */
    void acknowledgeInterrupt(int doorbell);

    /**
     * Rings a doorbell of the peer: all that was written through the link before is there when the peer sees it.
     *
     * @param doorbell as the peer gave it; one that is not there is counted as a fault of the peer and ignored
     * @param meter    to which it is counted
     */
    void sendInterrupt(int doorbell, LinkMeter meter);

    /**
     * Makes own memory that the peer can reach, zeroed.
     *
     * @param use   what for, for listings
     * @param bytes 1 and up
     * @return the memory; aligned to a page in both address spaces
     * @throws VopException ENOMEM, or ENOSPC if the peer's window to this side is full
     */
    OwnMemory allocate(String use, long bytes) throws VopException;

    /**
     * Makes memory reachable for the peer that is there already: a guest's.
     *
     * @param region the memory; its address plays no part
     * @return the memory, with the address by which the peer finds it
     * @throws VopException ENOSPC if the peer's window to this side is full
     */
    OwnMemory attach(MemoryRegion region) throws VopException;

    /**
     * Makes memory of the peer accessible for the processor.
     *
     * @param address as the peer gave it
     * @param bytes   1 and up
     * @param meter   to which the window's verbs are counted
     * @return the window
     * @throws VopException EFAULT if not all of it is memory that the peer has shared
     */
    LinkWindow map(long address, long bytes, LinkMeter meter) throws VopException;

    /**
     * Returns the piece of the peer's memory around an address, so that whoever reaches it often can map it once. A question, and
     * no fault of anybody if there is none.
     *
     * @param address as the peer gave it
     * @return the longest piece that {@link #map} takes, or empty if the peer shares nothing there
     */
    Optional<PeerRange> peerRange(long address);

    /** Returns the DMA channels of this end; empty if there is no engine, and then the processor copies. */
    List<DmaChannel> dmaChannels();

    /**
     * Returns the meter of one queue of one device; the same object for the same names.
     *
     * @param device name
     * @param queue  0 and up, or -1 for what is no queue's
     */
    LinkMeter meter(String device, int queue);
}
