package io.busbar.core.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Tells when somebody opens or closes a file (inotify), such as the other end of a {@link PseudoTerminal}: its descriptor becomes
 * readable. Any thread.
 */
public final class OpenWatch implements AutoCloseable {
    private static final int IN_CLOEXEC = 0x80000;
    private static final int IN_NONBLOCK = 0x800;
    private static final int IN_CLOSE_WRITE = 0x8;
    private static final int IN_CLOSE_NOWRITE = 0x10;
    private static final int IN_OPEN = 0x20;
    private static final int EVENTS_BYTES = 4096;

    private final Fd fd;
    private final MemorySegment events = Arena.ofAuto().allocate(EVENTS_BYTES, Long.BYTES);

    private OpenWatch(Fd fd) {
        this.fd = fd;
    }

    /**
     * Looks at a file from now on.
     *
     * @param path the file
     * @throws LinuxException ENOENT, EACCES, or EMFILE when the user has too many of them
     */
    public static OpenWatch of(Path path) throws LinuxException {
        long number = LinuxException.check(Syscall.call(Nr.INOTIFY_INIT1, IN_CLOEXEC | IN_NONBLOCK), "watch " + path);
        Fd fd = Fd.own((int) number);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(path.toString(), StandardCharsets.UTF_8);
            LinuxException.check(Syscall.call(Nr.INOTIFY_ADD_WATCH, fd.number(), name.address(),
                    IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE), "watch " + path);
            return new OpenWatch(fd);
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /** The descriptor, non-blocking: readable after somebody opened or closed the file. */
    public Fd fd() {
        return fd;
    }

    /** Forgets what happened so far, so that the descriptor is readable at the next event. One thread at a time. */
    public void drain() {
        long got;
        do {
            got = StreamIo.read(fd.number(), events, 0, EVENTS_BYTES);
        } while (got > 0);
    }

    /** Looks no more. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }
}
