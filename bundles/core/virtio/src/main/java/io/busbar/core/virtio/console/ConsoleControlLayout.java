package io.busbar.core.virtio.console;

/**
 * A control message, and what follows it: all fields little-endian (virtio 1.2, 5.3.6.2).
 *
 * <pre>
 *   0 id:4   4 event:2   6 value:2
 *   RESIZE:     8 cols:2   10 rows:2
 *   PORT_NAME:  8 name, UTF-8, to the end of the buffer
 * </pre>
 */
public final class ConsoleControlLayout {

    /** u32, the port. */
    public static final int ID = 0;

    /** u16, one of {@code VIRTIO_CONSOLE_*}. */
    public static final int EVENT = 4;

    /** u16, by event. */
    public static final int VALUE = 6;

    /** Bytes of a message, after which more may follow. */
    public static final int BYTES = 8;

    /** u16 in what follows RESIZE: characters in a line.. */
    public static final int RESIZE_COLS = 8;

    /** u16 in what follows RESIZE: lines. */
    public static final int RESIZE_ROWS = 10;

    /** Bytes of RESIZE with what follows. */
    public static final int RESIZE_BYTES = 12;

    /** Where the name begins that follows PORT_NAME. */
    public static final int NAME = 8;

    private ConsoleControlLayout() {
    }
}
