package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A pseudo-terminal: our end of it, and the path at which others open theirs. It is raw: bytes go through as they are, none
 * is echoed or means anything. Any thread; one at a time reads and one writes, by {@link StreamIo}.
 */
public final class PseudoTerminal implements AutoCloseable {
    private static final int AT_FDCWD = -100;
    private static final int O_RDWR = 0x2;
    private static final int O_NOCTTY = 0x100;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;

    private static final long TCGETS = 0x5401;
    private static final long TCSETS = 0x5402;
    private static final long TCFLSH = 0x540B;
    private static final long TIOCGWINSZ = 0x5413;
    private static final long TIOCSWINSZ = 0x5414;
    private static final long TIOCGPTPEER = 0x5441;
    private static final long TIOCGPTN = 0x8004_5430L;
    private static final long TIOCSPTLCK = 0x4004_5431L;
    private static final long TCIFLUSH = 0;
    private static final long TCOFLUSH = 1;

    /* struct termios {u32 iflag, oflag, cflag, lflag; u8 line; u8 cc[19]}; the bits that a raw terminal has not */
    private static final int OFLAG = 4;
    private static final int CFLAG = 8;
    private static final int LFLAG = 12;
    private static final int CC = 17;
    private static final int VTIME = 5;
    private static final int VMIN = 6;
    private static final int TERMIOS_BYTES = 36;
    private static final int INPUT_CHANGES = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400;
    private static final int OUTPUT_CHANGES = 0x1;
    private static final int ECHO_AND_SIGNALS = 0x8 | 0x40 | 0x2 | 0x1 | 0x8000;
    private static final int SIZE_AND_PARITY = 0x30 | 0x100;
    private static final int EIGHT_BITS = 0x30;

    /* struct winsize {u16 rows, columns, xpixel, ypixel} */
    private static final int COLUMNS = 2;
    private static final int ROWS_BITS = 16;

    private final Fd fd;
    private final Path path;

    private PseudoTerminal(Fd fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    /**
     * Makes one, with nobody at its other end.
     *
     * @throws LinuxException ENOENT without /dev/ptmx, ENOSPC when there are too many
     */
    public static PseudoTerminal open() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom("/dev/ptmx");
            long number = Syscall.retry(
                    Nr.OPENAT, AT_FDCWD, name.address(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
            Fd fd = Fd.own((int) LinuxException.check(number, "open /dev/ptmx"));
            try {
                return unlocked(fd, arena);
            } catch (LinuxException e) {
                fd.close();
                throw e;
            }
        }
    }

    /**
     * Takes over one of another process, as it is.
     *
     * @param fd our end, taken over if the call returns
     * @throws LinuxException ENOTTY when it is none
     */
    public static PseudoTerminal adopt(Fd fd) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            return new PseudoTerminal(fd, pathOf(fd, arena.allocate(JAVA_INT)));
        }
    }

    private static Path pathOf(Fd fd, MemorySegment word) throws LinuxException {
        control(fd.number(), TIOCGPTN, word.address(), "ask for the number of a pseudo-terminal");
        return Path.of("/dev/pts/" + word.get(JAVA_INT, 0));
    }

    private static PseudoTerminal unlocked(Fd fd, Arena arena) throws LinuxException {
        MemorySegment word = arena.allocateFrom(JAVA_INT, 0);
        control(fd.number(), TIOCSPTLCK, word.address(), "unlock a pseudo-terminal");
        Path path = pathOf(fd, word);
        // Open and closed once, so that from now on POLLHUP says that nobody is there.
        try (Fd peer = openPeer(fd, path)) {
            makeRaw(peer.number(), arena, path);
        }
        return new PseudoTerminal(fd, path);
    }

    private static Fd openPeer(Fd fd, Path path) throws LinuxException {
        long peer = Syscall.call(Nr.IOCTL, fd.number(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        return Fd.own((int) LinuxException.check(peer, "open " + path));
    }

    private static void makeRaw(int fd, Arena arena, Path path) throws LinuxException {
        MemorySegment mode = arena.allocate(TERMIOS_BYTES, Integer.BYTES);
        control(fd, TCGETS, mode.address(), "read the mode of " + path);
        clear(mode, 0, INPUT_CHANGES);
        clear(mode, OFLAG, OUTPUT_CHANGES);
        clear(mode, LFLAG, ECHO_AND_SIGNALS);
        clear(mode, CFLAG, SIZE_AND_PARITY);
        mode.set(JAVA_INT, CFLAG, mode.get(JAVA_INT, CFLAG) | EIGHT_BITS);
        mode.set(JAVA_BYTE, CC + VMIN, (byte) 1);
        mode.set(JAVA_BYTE, CC + VTIME, (byte) 0);
        control(fd, TCSETS, mode.address(), "make " + path + " raw");
    }

    private static void clear(MemorySegment mode, int field, int bits) {
        mode.set(JAVA_INT, field, mode.get(JAVA_INT, field) & ~bits);
    }

    private static void control(int fd, long request, long argument, String what) throws LinuxException {
        LinuxException.check(Syscall.call(Nr.IOCTL, fd, request, argument), what);
    }

    /** Our end, non-blocking: reading says EIO while nobody is at the other. */
    public Fd fd() {
        return fd;
    }

    /** Where others open it: {@code /dev/pts/N}. */
    public Path path() {
        return path;
    }

    /** Whether somebody has it open. */
    public boolean isUsed() {
        int events = Poll.await(fd.number(), 0, 0);
        return events >= 0 && (events & Poll.POLLHUP) == 0;
    }

    /**
     * Throws away what was written at our end and nobody has read: what is on its way to the other end first, then what has
     * arrived there. Opens and closes the other end.
     *
     * @throws LinuxException EIO when our end is closed, EMFILE
     */
    public void discard() throws LinuxException {
        control(fd.number(), TCFLSH, TCOFLUSH, "empty " + path);
        try (Fd peer = openPeer(fd, path)) {
            control(peer.number(), TCFLSH, TCIFLUSH, "empty " + path);
        }
    }

    /** The size that somebody has given it: columns in the upper, rows in the lower 16 bits; 0 if nobody has. */
    public int size() {
        long scratch = Syscall.scratch();
        if (Syscall.call(Nr.IOCTL, fd.number(), TIOCGWINSZ, scratch) < 0) {
            return 0;
        }
        int rows = Short.toUnsignedInt(Memory.ALL.get(JAVA_SHORT, scratch));
        int columns = Short.toUnsignedInt(Memory.ALL.get(JAVA_SHORT, scratch + COLUMNS));
        return rows == 0 || columns == 0 ? 0 : columns << ROWS_BITS | rows;
    }

    /** Gives it a size; what runs at its other end is told by SIGWINCH. */
    public void resize(int columns, int rows) throws LinuxException {
        long scratch = Syscall.scratch();
        Memory.ALL.set(JAVA_SHORT, scratch, (short) rows);
        Memory.ALL.set(JAVA_SHORT, scratch + COLUMNS, (short) columns);
        Memory.ALL.set(JAVA_INT, scratch + 2 * COLUMNS, 0);
        control(fd.number(), TIOCSWINSZ, scratch, "resize " + path);
    }

    /** Closes our end: who is at the other sees the end of the line. A second call does nothing. */
    @Override
    public void close() {
        fd.close();
    }
}
