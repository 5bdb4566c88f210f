package io.busbar.backends.switch_.capture;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads a pcapng file by the draft's rules, and is strict about them. */
public final class Pcapng {

    private final ByteBuffer file;
    private final List<Packet> packets = new ArrayList<>();
    private String interfaceName;
    private int nanosExponent;
    private long received = -1;
    private long dropped = -1;

    /** A packet as it is in the file. */
    public record Packet(long nanos, int direction, byte[] bytes) {}

    private Pcapng(ByteBuffer file) {
        this.file = file;
        check(file.getInt(0) == 0x0a0d0d0a, "it begins with a section");
        check(file.getInt(8) == 0x1a2b3c4d, "in our byte order");
        while (file.hasRemaining()) {
            block();
        }
    }

    public static Pcapng read(Path path) throws IOException {
        return new Pcapng(ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN));
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError("pcapng: not so: " + what);
        }
    }

    private void block() {
        int start = file.position();
        int type = file.getInt();
        int length = file.getInt();
        check(length % 4 == 0 && length >= 12 && start + length <= file.limit(), "a block of " + length + " bytes");
        check(file.getInt(start + length - 4) == length, "the length stands at both ends");
        int end = start + length - 4;
        switch (type) {
            case 0x0a0d0d0a -> {
                check(file.getShort(start + 12) == 1 && file.getShort(start + 14) == 0, "version 1.0");
                options(start + 24, end);
            }
            case 1 -> {
                check(file.getShort(start + 8) == 1, "Ethernet");
                options(start + 16, end);
            }
            case 6 -> packet(start, end);
            case 5 -> options(start + 20, end);
            default -> throw new AssertionError("block of type " + type);
        }
        file.position(start + length);
    }

    private void packet(int start, int end) {
        check(interfaceName != null, "the interface comes first");
        int captured = file.getInt(start + 20);
        check(captured == file.getInt(start + 24), "the packet is whole");
        byte[] bytes = new byte[captured];
        file.get(start + 28, bytes);
        long nanos = (long) file.getInt(start + 12) << 32 | Integer.toUnsignedLong(file.getInt(start + 16));
        int options = start + 28 + (captured + 3) / 4 * 4;
        check(file.getShort(options) == 2 && file.getShort(options + 2) == 4, "flags");
        packets.add(new Packet(nanos, file.getInt(options + 4), bytes));
        options(options, end);
    }

    private void options(int from, int end) {
        int at = from;
        while (file.getShort(at) != 0) {
            int code = file.getShort(at);
            int length = file.getShort(at + 2);
            byte[] value = new byte[length];
            file.get(at + 4, value);
            take(code, value);
            at += 4 + (length + 3) / 4 * 4;
        }
        check(at + 4 == end, "the options end with the block");
    }

    private void take(int code, byte[] value) {
        ByteBuffer number = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        if (interfaceName == null && code == 2) {
            interfaceName = new String(value, StandardCharsets.UTF_8);
        } else if (code == 9) {
            nanosExponent = value[0];
        } else if (packets.isEmpty() || code == 4 || code == 5) {
            received = code == 4 && value.length == 8 ? number.getLong() : received;
            dropped = code == 5 && value.length == 8 ? number.getLong() : dropped;
        }
    }

    public List<Packet> packets() {
        return packets;
    }

    public String interfaceName() {
        return interfaceName;
    }

    /** 9 for nanoseconds. */
    public int resolution() {
        return nanosExponent;
    }

    /** Packets that crossed the port, or -1 if the file does not say it. */
    public long received() {
        return received;
    }

    /** Packets that are not in the file, or -1 if the file does not say it. */
    public long dropped() {
        return dropped;
    }
}
