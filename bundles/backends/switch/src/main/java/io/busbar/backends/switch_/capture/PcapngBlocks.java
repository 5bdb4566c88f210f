package io.busbar.backends.switch_.capture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Blocks of a pcapng file (IETF draft-ietf-opsawg-pcapng), little-endian, with one interface. Each method appends one whole
 * block to a buffer, which must have room for it.
 */
final class PcapngBlocks {

    /** Bytes of a packet's block besides the packet, at the most. */
    static final int PACKET_OVERHEAD = 52;

    /** Bytes of the statistics' block. */
    static final int STATISTICS_BYTES = 80;

    private static final int SECTION_HEADER = 0x0a0d0d0a;
    private static final int INTERFACE = 1;
    private static final int STATISTICS = 5;
    private static final int PACKET = 6;

    private static final int BYTE_ORDER_MAGIC = 0x1a2b3c4d;
    private static final short MAJOR = 1;
    private static final long UNKNOWN_LENGTH = -1;
    private static final short LINK_ETHERNET = 1;
    private static final int NO_LIMIT = 0;
    private static final byte NANOSECONDS = 9;

    private static final short END = 0;
    private static final short SECTION_PROGRAM = 4;
    private static final short INTERFACE_NAME = 2;
    private static final short INTERFACE_RESOLUTION = 9;
    private static final short PACKET_FLAGS = 2;
    private static final short STATISTICS_BEGIN = 2;
    private static final short STATISTICS_END = 3;
    private static final short STATISTICS_RECEIVED = 4;
    private static final short STATISTICS_DROPPED = 5;

    private static final int ALIGN = 4;
    private static final int LENGTH_AT = 4;

    private final ByteBuffer buffer;

    PcapngBlocks(ByteBuffer buffer) {
        this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN);
    }

    void section() {
        int start = begin(SECTION_HEADER);
        buffer.putInt(BYTE_ORDER_MAGIC).putShort(MAJOR).putShort((short) 0).putLong(UNKNOWN_LENGTH);
        option(SECTION_PROGRAM, "Busbar".getBytes(StandardCharsets.UTF_8));
        end(start);
    }

    void networkInterface(String name) {
        int start = begin(INTERFACE);
        buffer.putShort(LINK_ETHERNET).putShort((short) 0).putInt(NO_LIMIT);
        option(INTERFACE_NAME, name.getBytes(StandardCharsets.UTF_8));
        option(INTERFACE_RESOLUTION, new byte[] {NANOSECONDS});
        end(start);
    }

    /**
     * Appends a packet.
     *
     * @param nanos  since 1970
     * @param packet its bytes, all that remain
     * @param flags  1 if it came in, 2 if it went out
     */
    void packet(long nanos, ByteBuffer packet, int flags) {
        int start = begin(PACKET);
        int length = packet.remaining();
        buffer.putInt(0);
        time(nanos);
        buffer.putInt(length).putInt(length).put(packet);
        align();
        buffer.putShort(PACKET_FLAGS).putShort((short) Integer.BYTES).putInt(flags);
        end(start);
    }

    /**
     * Appends what is said at the end.
     *
     * @param begin    nanoseconds since 1970
     * @param end      nanoseconds since 1970
     * @param received packets that crossed the port
     * @param dropped  those of them that are not in the file
     */
    void statistics(long begin, long end, long received, long dropped) {
        int start = begin(STATISTICS);
        buffer.putInt(0);
        time(end);
        buffer.putShort(STATISTICS_BEGIN).putShort((short) Long.BYTES);
        time(begin);
        buffer.putShort(STATISTICS_END).putShort((short) Long.BYTES);
        time(end);
        buffer.putShort(STATISTICS_RECEIVED).putShort((short) Long.BYTES).putLong(received);
        buffer.putShort(STATISTICS_DROPPED).putShort((short) Long.BYTES).putLong(dropped);
        end(start);
    }

    private int begin(int type) {
        int start = buffer.position();
        buffer.putInt(type).putInt(0);
        return start;
    }

    private void end(int start) {
        buffer.putShort(END).putShort((short) 0);
        int length = buffer.position() + Integer.BYTES - start;
        buffer.putInt(length).putInt(start + LENGTH_AT, length);
    }

    /** Upper half first, whatever the byte order. */
    private void time(long nanos) {
        buffer.putInt((int) (nanos >>> Integer.SIZE)).putInt((int) nanos);
    }

    private void option(short code, byte[] value) {
        buffer.putShort(code).putShort((short) value.length).put(value);
        align();
    }

    private void align() {
        while (buffer.position() % ALIGN != 0) {
            buffer.put((byte) 0);
        }
    }
}
