package io.busbar.drivers.x100.link;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.OwnMemory;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;

/** Memory of one side that the other can reach, until it is taken away. */
public final class SharedMemory implements OwnMemory {

    private final LinkEnd owner;
    private final String use;
    private final MemoryRegion memory;
    private final Mapping mapping;
    private final Fd file;
    private final long busAddress;
    private final long peerAddress;
    private final boolean forEngine;
    private final Set<Window> windows = new HashSet<>();
    private volatile boolean revoked;
    private boolean closed;

    /**
     * Describes memory.
     *
     * @param owner       whose it is
     * @param use         what for, for listings
     * @param memory      where it is
     * @param mapping     to be unmapped at the end, or null: it is a guest's
     * @param file        to be closed at the end, or null
     * @param busAddress  on the owner's side: the host's DMA address, or the card's address
     * @param peerAddress on the other side
     * @param forEngine   whether only the DMA engine reaches it, for its descriptors
     */
    SharedMemory(LinkEnd owner, String use, MemoryRegion memory, Mapping mapping, Fd file, long busAddress, long peerAddress,
            boolean forEngine) {
        this.owner = owner;
        this.use = use;
        this.memory = memory;
        this.mapping = mapping;
        this.file = file;
        this.busAddress = busAddress;
        this.peerAddress = peerAddress;
        this.forEngine = forEngine;
    }

    LinkEnd owner() {
        return owner;
    }

    /** Returns what it is for. */
    public String use() {
        return use;
    }

    /** Returns its length, bytes. */
    public long size() {
        return memory.size();
    }

    /** Returns its first address on the owner's side. */
    public long busAddress() {
        return busAddress;
    }

    boolean writable() {
        return memory.writable();
    }

    boolean forEngine() {
        return forEngine;
    }

    boolean revoked() {
        return revoked;
    }

    MemoryRegion memory() {
        return memory;
    }

    /** Lends a window; false if it has been taken away. */
    synchronized boolean lend(Window window) {
        return !revoked && windows.add(window);
    }

    synchronized void giveBack(Window window) {
        windows.remove(window);
    }

    /** Takes it away from the other side; it is still its owner's. */
    synchronized void revoke() {
        revoked = true;
        windows.forEach(Window::cutOff);
        windows.clear();
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

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        owner.takeAway(this);
        if (mapping != null) {
            mapping.close();
            file.close();
        }
    }

    /** Maps a part of it once more, for the other side. */
    Mapping mapAgain(long offset, long bytes) throws LinuxException {
        return Mapping.map(memory.descriptor(), memory.fileOffset() + offset, bytes, memory.writable());
    }
}
