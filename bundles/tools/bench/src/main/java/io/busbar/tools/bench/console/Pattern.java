package io.busbar.tools.bench.console;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** The bytes that are sent: 64 different ones, again and again. */
final class Pattern {

    /** Bytes after which it begins anew. */
    static final int LENGTH = 64;
    static final String TEXT = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";

    static final int MIB = 1 << 20;

    private final byte[] twice = block(1 << 17);

    static byte[] block(int length) {
        byte[] text = TEXT.getBytes(StandardCharsets.US_ASCII);
        byte[] block = new byte[length];
        for (int i = 0; i < length; i += LENGTH) {
            System.arraycopy(text, 0, block, i, LENGTH);
        }
        return block;
    }

    /** Compares what was read with what is there at an offset of all that is sent; at most 64 KiB. */
    void require(byte[] bytes, int length, long offset) throws IOException {
        int from = (int) (offset % LENGTH);
        int wrong = Arrays.mismatch(bytes, 0, length, twice, from, from + length);
        if (wrong >= 0) {
            throw new IOException("byte " + (offset + wrong) + " is " + bytes[wrong] + ", expected " + twice[from + wrong]);
        }
    }

    /** The MD5 of so many MiB, in hexadecimal digits. */
    static String checksum(int mib) {
        try {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            byte[] block = block(MIB);
            for (int i = 0; i < mib; i++) {
                digest.update(block);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has MD5", e);
        }
    }
}
