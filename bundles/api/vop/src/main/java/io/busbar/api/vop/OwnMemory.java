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

    /** Takes it away: when the call returns nobody reaches it through the link, and what was allocated is given back. */
    @Override
    void close();
}
