package io.busbar.testkit.vop;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.OwnMemory;
import io.busbar.api.vop.PeerRange;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;

/** Memory that one end shares with the other. */
final class LoopbackMemory implements OwnMemory {

    private final LoopbackEnd owner;
    private final MemoryRegion memory;
    private final long peerAddress;
    private final Fd file;
    private final Mapping mapping;
    private boolean takenAway;

    LoopbackMemory(LoopbackEnd owner, MemoryRegion memory, long peerAddress) {
        this(owner, memory, peerAddress, null, null);
    }

    LoopbackMemory(LoopbackEnd owner, Fd file, Mapping mapping, long peerAddress) {
        this(owner, new MemoryRegion(0, mapping.length(), mapping.segment(), true, file.number(), 0), peerAddress, file, mapping);
    }

    private LoopbackMemory(LoopbackEnd owner, MemoryRegion memory, long peerAddress, Fd file, Mapping mapping) {
        this.owner = owner;
        this.memory = memory;
        this.peerAddress = peerAddress;
        this.file = file;
        this.mapping = mapping;
    }

    boolean holds(long address, long bytes) {
        long offset = address - peerAddress;
        return offset >= 0 && bytes <= memory.size() - offset;
    }

    MemorySegment slice(long address, long bytes) {
        return memory.segment().asSlice(address - peerAddress, bytes);
    }

    @Override
    public MemorySegment segment() {
        return memory.segment();
    }

    @Override
    public long peerAddress() {
        return peerAddress;
    }

    @Override
    public MemoryRegion region(long iova) {
        return new MemoryRegion(
                iova, memory.size(), memory.segment(), memory.writable(), memory.descriptor(), memory.fileOffset());
    }

    PeerRange range() {
        return new PeerRange(peerAddress, memory.size());
    }

    /** Does something with the memory, if it was not taken away. */
    synchronized boolean whileShared(Runnable access) {
        if (takenAway) {
            return false;
        }
        access.run();
        return true;
    }

    synchronized boolean isTakenAway() {
        return takenAway;
    }

    @Override
    public void close() {
        synchronized (this) {
            takenAway = true;
        }
        owner.forget(this);
    }

    /** Ends it: nobody has a window any more. */
    void unmap() {
        if (mapping != null) {
            mapping.close();
            file.close();
        }
    }
}
