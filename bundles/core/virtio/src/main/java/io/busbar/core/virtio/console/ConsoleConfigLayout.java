package io.busbar.core.virtio.console;

/**
 * Config space of the console device: byte offsets, all fields little-endian (virtio 1.2, 5.3.4).
 *
 * <pre>
 *   0 cols:2   2 rows:2   4 max_nr_ports:4   8 emerg_wr:4
 * </pre>
 */
public final class ConsoleConfigLayout {

    /** u16, characters in a line; with SIZE. */
    public static final int COLS = 0;

    /** u16, lines; with SIZE. */
    public static final int ROWS = 2;

    /** u32, number of ports; with MULTIPORT. */
    public static final int MAX_NR_PORTS = 4;

    /** u32, written by the driver: its lowest byte is a character; with EMERG_WRITE. */
    public static final int EMERG_WR = 8;

    /** Bytes of {@link #EMERG_WR}. */
    public static final int EMERG_WR_BYTES = 4;

    /** Bytes of the whole structure. */
    public static final int BYTES = 12;

    private ConsoleConfigLayout() {
    }
}
