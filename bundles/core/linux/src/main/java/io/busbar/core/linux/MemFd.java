package io.busbar.core.linux;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;

/** Files that are memory (memfd), and seals on them. */
public final class MemFd {
    /** No more seals can be added. */
    public static final int F_SEAL_SEAL = 0x1;
    /** The file cannot shrink: no access to a mapping of it can fault. */
    public static final int F_SEAL_SHRINK = 0x2;
    /** The file cannot grow. */
    public static final int F_SEAL_GROW = 0x4;
    /** The content cannot change. */
    public static final int F_SEAL_WRITE = 0x8;

    private static final int F_ADD_SEALS = 1033;
    private static final int F_GET_SEALS = 1034;
    private static final int MFD_CLOEXEC = 0x1;
    private static final int MFD_ALLOW_SEALING = 0x2;

    private MemFd() {
    }

    /**
     * A new memory file, zeroed, close-on-exec.
     *
     * @param name shown in /proc, up to 249 bytes
     * @param size bytes, 0 or more
     * @param sealable whether seals can be added; if not it is sealed with F_SEAL_SEAL
     */
    public static Fd create(String name, long size, boolean sealable) throws LinuxException {
        Fd fd = create(name, MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0));
        try {
            LinuxException.check(Syscall.retry(Nr.FTRUNCATE, fd.number(), size, 0, 0),
                    "size memory file " + name + " to " + size + " bytes");
            return fd;
        } catch (LinuxException e) {
            fd.close();
            throw e;
        }
    }

    /** The seals of a file, or negative errno: -EINVAL for a file that cannot have seals. */
    public static int seals(int fd) {
        return (int) Syscall.call(Nr.FCNTL, fd, F_GET_SEALS, 0);
    }

    /** Adds seals; 0 or negative errno: -EPERM when F_SEAL_SEAL is set, -EINVAL for a file that cannot have seals. */
    public static int addSeals(int fd, int seals) {
        return (int) Syscall.call(Nr.FCNTL, fd, F_ADD_SEALS, seals);
    }

    private static Fd create(String name, int flags) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(name, StandardCharsets.UTF_8).address();
            return Fd.own((int) LinuxException.check(Syscall.call(Nr.MEMFD_CREATE, address, flags),
                    "create memory file " + name));
        }
    }
}
