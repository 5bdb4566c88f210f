package io.busbar.drivers.sharedmemory;

import io.busbar.api.vop.PeerRange;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.util.HashSet;
import java.util.Set;

/** Memory that the other process shares. */
final class FarFile {

    private final long address;
    private final long size;
    private final long offset;
    private final boolean writable;
    private final Fd file;
    private final Set<FileWindow> windows = new HashSet<>();
    private boolean gone;

    FarFile(Message share, Fd file) {
        address = share.address();
        size = share.size();
        offset = share.offset();
        writable = (share.flags() & Message.WRITABLE) != 0;
        this.file = file;
    }

    boolean holds(long at, long bytes) {
        long from = at - address;
        return from >= 0 && bytes >= 1 && bytes <= size - from;
    }

    PeerRange range() {
        return new PeerRange(address, size);
    }

    boolean writable() {
        return writable;
    }

    /**
     * Maps a part of it.
     *
     * @return the window, or null if it has gone
     */
    synchronized FileWindow map(ProcessEnd user, long at, long bytes, LinkCounts meter) throws LinuxException {
        if (gone) {
            return null;
        }
        FileWindow window = new FileWindow(user, this, Mapping.map(file.number(), offset + at - address, bytes, writable), meter);
        windows.add(window);
        return window;
    }

    synchronized void forget(FileWindow window) {
        windows.remove(window);
    }

    /** The other process does not share it any more. */
    synchronized void leave() {
        gone = true;
        windows.forEach(FileWindow::cutOff);
        windows.clear();
        file.close();
    }
}
