package io.busbar.backends.switch_;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Frames for tests. */
final class Frames {

    static final String BROADCAST = "ff:ff:ff:ff:ff:ff";
    static final String ALICE = "02:00:00:00:00:0a";
    static final String BOB = "02:00:00:00:00:0b";
    static final String CAROL = "02:00:00:00:00:0c";

    private static final int TYPE_OF_TESTS = 0x88b5;

    private Frames() {}

    static byte[] address(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }

    static long number(String address) {
        return Long.parseLong(address.replace(":", ""), 16);
    }

    /** A frame of the experimental type with a text in it, as short as the text. */
    static byte[] frame(String to, String from, String text) {
        return frame(to, from, text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] frame(String to, String from, byte[] content) {
        return ByteBuffer.allocate(14 + content.length)
                .put(address(to)).put(address(from)).putShort((short) TYPE_OF_TESTS).put(content).array();
    }

    /** The same frame with a tag. */
    static byte[] tagged(int control, byte[] frame) {
        return ByteBuffer.allocate(frame.length + 4)
                .put(frame, 0, 12).putShort((short) 0x8100).putShort((short) control)
                .put(frame, 12, frame.length - 12).array();
    }

    /** TCP over IPv4 as far as a switch looks at it, with content behind. */
    static byte[] tcp(String to, String from, int clientPort, int number) {
        ByteBuffer frame = ByteBuffer.allocate(14 + 20 + 20 + 4)
                .put(address(to)).put(address(from)).putShort((short) 0x0800);
        frame.put(14, (byte) 0x45).put(14 + 9, (byte) 6);
        frame.putInt(14 + 12, 0x0a000001).putInt(14 + 16, 0x0a000002);
        frame.putShort(34, (short) clientPort).putShort(36, (short) 80).putInt(54, number);
        return frame.array();
    }
}
