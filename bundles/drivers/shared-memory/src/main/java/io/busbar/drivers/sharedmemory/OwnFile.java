package io.busbar.drivers.sharedmemory;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vop.OwnMemory;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.PositionalFile;
import java.lang.foreign.MemorySegment;

/** Memory of this process that the other can map. */
final class OwnFile implements OwnMemory {

    private final ProcessEnd owner;
    private final MemoryRegion memory;
    private final Fd file;
    private final Mapping mapping;
    private final long peerAddress;
    private boolean closed;

    /**
     * Describes it.
     *
     * @param owner       which end's
     * @param memory      where it is
     * @param file        made for this, or null: a guest's
     * @param mapping     of that, or null
     * @param peerAddress where the other side finds it
     */
    OwnFile(ProcessEnd owner, MemoryRegion memory, Fd file, Mapping mapping, long peerAddress) {
        this.owner = owner;
        this.memory = memory;
        this.file = file;
        this.mapping = mapping;
        this.peerAddress = peerAddress;
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

    /**
     * A file that was made for this is cut to nothing, so that the other process reaches nothing, whatever it has mapped. A guest's is not
     * ours to cut: the other process lets go of it when it hears of it, and one that does not goes on reaching it.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        owner.unshare(peerAddress);
        if (file == null) {
            return;
        }
        mapping.close();
        try {
            int cut = PositionalFile.adopt(file).truncate(0);
            if (cut < 0) {
                throw new IllegalStateException(file + " cannot be cut: error " + -cut);
            }
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        } finally {
            file.close();
        }
    }
}
