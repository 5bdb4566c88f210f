package io.busbar.backends.memory;

import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.PositionalFile;

/**
 * The memory of a disk: a memory file, which another process can have by its descriptor. It has no memory where nothing was
 * written. Any thread.
 */
final class DiskMemory implements AutoCloseable {

    private final Fd file;
    private final PositionalFile content;
    /** Another process has written to it, or may still do so. */
    private final boolean inherited;

    private DiskMemory(Fd file, boolean inherited) throws LinuxException {
        this.file = file;
        this.content = PositionalFile.adopt(file);
        this.inherited = inherited;
    }

    /** Makes one that is zero. */
    static DiskMemory create(String device) throws LinuxException {
        Fd file = MemFd.create("busbar-" + device, 0, false);
        return of(file, false);
    }

    /** Takes over that of another process. */
    static DiskMemory inherit(int descriptor) throws LinuxException {
        return of(Fd.own(descriptor), true);
    }

    private static DiskMemory of(Fd file, boolean inherited) throws LinuxException {
        try {
            return new DiskMemory(file, inherited);
        } catch (LinuxException e) {
            file.close();
            throw e;
        }
    }

    /** Returns its descriptor, which stays this one's. */
    int descriptor() {
        return file.number();
    }

    /** Makes it at least so long. */
    void grow(long bytes) throws LinuxException {
        int result = content.size() < bytes ? content.truncate(bytes) : 0;
        if (result < 0) {
            throw new LinuxException("have " + bytes + " bytes of memory", result);
        }
    }

    Mapping map(long offset, long length) throws LinuxException {
        return Mapping.map(file.number(), offset, length, true);
    }

    /** Returns whether there is something to read in a part that was not written here. */
    boolean mayHaveBeenWritten(long offset, long length) {
        if (!inherited) {
            return false;
        }
        long data = content.nextData(offset);
        return data >= 0 && data < offset + length;
    }

    /** Gives pages back: they read as zero from now on. */
    boolean giveBack(long offset, long length) {
        return content.punchHole(offset, length) == 0;
    }

    @Override
    public void close() {
        content.close();
    }
}
