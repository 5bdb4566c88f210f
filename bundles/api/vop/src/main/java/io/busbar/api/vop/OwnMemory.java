package io.busbar.api.vop;

import io.busbar.api.memory.MemoryRegion;
import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/** Memory of this end that the peer can reach. */
@ConsumerType
public interface OwnMemory extends AutoCloseable {

    /** Returns the memory in this process. */
    MemorySegment segment();

    /** Returns its first address as the peer sees it. */
    long peerAddress();

    /**
     * Returns the memory as a region for a device of this end, which may be another process: with its descriptor, if it has one.
     *
     * @param iova where the device finds it
     */
    MemoryRegion region(long iova);

    /**
     * Takes it away: when the call returns nobody reaches what was allocated through the link, and it is given back. Of memory that was
     * {@linkplain VopHardwareOps#attach attached} that is so where the link itself stands in between; where the peer is another process that
     * has mapped it, it is told, and trusted to let go.
     */
    @Override
    void close();
}
