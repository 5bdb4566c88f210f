package io.busbar.backends.switch_.host;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** A DHCP client's side, as far as tests need it: whole Ethernet frames. */
public final class Dhcp {

    static final int DHCP_AT = 14 + 20 + 8;

    private final long client;
    private final int type;
    private final Map<Integer, byte[]> options = new LinkedHashMap<>();
    private long current;
    private boolean broadcast;

    private Dhcp(long client, int type) {
        this.client = client;
        this.type = type;
        options.put(53, new byte[] {(byte) type});
    }

    public static Dhcp of(long client, int type) {
        return new Dhcp(client, type);
    }

    public Dhcp option(int code, long address) {
        options.put(code, ByteBuffer.allocate(4).putInt((int) address).array());
        return this;
    }

    public Dhcp current(long address) {
        current = address;
        return this;
    }

    public Dhcp broadcast() {
        broadcast = true;
        return this;
    }

    /** Only the message, with room behind its options. */
    ByteBuffer message() {
        ByteBuffer message = ByteBuffer.allocate(300);
        message.put(0, (byte) 1).put(1, (byte) 1).put(2, (byte) 6).putInt(4, 0x1234_5678 + type);
        message.putShort(10, (short) (broadcast ? 0x8000 : 0)).putInt(12, (int) current);
        message.putLong(28, client << 16).putInt(236, 0x63825363);
        message.position(240);
        options.forEach((code, value) -> message.put(code.byteValue()).put((byte) value.length).put(value));
        message.put((byte) 255);
        return message.clear();
    }

    /** The frame, with its checksums. */
    public byte[] frame() {
        return frame(client, message());
    }

    static byte[] frame(long source, ByteBuffer message) {
        ByteBuffer frame = ByteBuffer.allocate(DHCP_AT + message.remaining());
        frame.putShort((short) -1).putInt(-1).putShort((short) (source >>> 32)).putInt((int) source).putShort((short) 0x0800);
        int udp = 8 + message.remaining();
        frame.put((byte) 0x45).put((byte) 0).putShort((short) (20 + udp)).putInt(0).put((byte) 64).put((byte) 17);
        frame.putShort((short) 0).putInt(0).putInt(-1);
        frame.putShort(24, Checksum.of(Checksum.sum(frame, 14, 20, 0)));
        frame.putShort((short) 68).putShort((short) 67).putShort((short) udp).putShort((short) 0).put(message);
        frame.putShort(40, Checksum.of(Checksum.sum(frame, 34, udp, 0xffff + 0xffff + 17 + udp)));
        return frame.array();
    }

    /** What a server answered. */
    public record Answer(long to, long toIp, int type, long address, Map<Integer, Long> options) {}

    /** Reads an answer, and checks its checksums. */
    public static Answer read(byte[] bytes) {
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        int udp = Short.toUnsignedInt(frame.getShort(38));
        long source = Integer.toUnsignedLong(frame.getInt(26));
        long to = Integer.toUnsignedLong(frame.getInt(30));
        int pseudo = (int) ((source >>> 16) + (source & 0xffff) + (to >>> 16) + (to & 0xffff) + 17 + udp);
        if (!Checksum.isWhole(Checksum.sum(frame, 14, 20, 0)) || !Checksum.isWhole(Checksum.sum(frame, 34, udp, pseudo))) {
            throw new AssertionError("a checksum is wrong");
        }
        Map<Integer, Long> options = new LinkedHashMap<>();
        int at = DHCP_AT + 240;
        for (int code = Byte.toUnsignedInt(frame.get(at)); code != 255; code = Byte.toUnsignedInt(frame.get(at))) {
            int length = frame.get(at + 1);
            options.put(code, length == 1 ? frame.get(at + 2) : Integer.toUnsignedLong(frame.getInt(at + 2)));
            at += 2 + length;
        }
        return new Answer(
                frame.getLong(0) >>> 16, to, options.get(53).intValue(),
                Integer.toUnsignedLong(frame.getInt(DHCP_AT + 16)), options);
    }
}
