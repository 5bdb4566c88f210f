package io.busbar.core.linux;

/** How a file is opened. With none of these: read-only, and it must be there. */
public enum OpenFlag {
    /** For reading and writing. */
    READ_WRITE(0x2, 0x2),
    /** Makes the file if it is not there. */
    CREATE(0x40, 0x40),
    /** With CREATE: an error if it is there. */
    EXCLUSIVE(0x80, 0x80),
    /** Empties the file. */
    TRUNCATE(0x200, 0x200),
    /** Past the page cache (O_DIRECT): see {@link PositionalFile#directAlignment()}. */
    DIRECT(0x4000, 0x10000),
    /** Each write is durable when it returns (O_DSYNC). */
    DSYNC(0x1000, 0x1000),
    /** An error if the last part of the path is a symbolic link. */
    NOFOLLOW(0x20000, 0x8000);

    private final int value;

    OpenFlag(int x86, int arm64) {
        this.value = NativeAccess.X86_64 ? x86 : arm64;
    }

    int value() {
        return value;
    }
}
