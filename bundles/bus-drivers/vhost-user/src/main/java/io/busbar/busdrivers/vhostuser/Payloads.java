package io.busbar.busdrivers.vhostuser;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Payloads of replies, in the machine's byte order. */
final class Payloads {

    /** No payload. */
    static final byte[] NONE = {};

    private static final int STATE = 8;
    private static final int CONFIG_HEADER = 12;
    private static final int INFLIGHT = 24;

    private Payloads() {}

    static byte[] u64(long value) {
        return buffer(Long.BYTES).putLong(value).array();
    }

    static byte[] vringState(long index, int num) {
        return buffer(STATE).putInt((int) index).putInt(num).array();
    }

    /** Echoes offset, size and flags of the request before the bytes. */
    static byte[] config(int offset, int flags, byte[] bytes) {
        return buffer(CONFIG_HEADER + bytes.length).putInt(offset).putInt(bytes.length).putInt(flags).put(bytes).array();
    }

    /** With the four bytes of padding that C gives the structure. */
    static byte[] inflight(long size, long offset, int queues, int queueSize) {
        return buffer(INFLIGHT).putLong(size).putLong(offset).putShort((short) queues).putShort((short) queueSize).array();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }
}
