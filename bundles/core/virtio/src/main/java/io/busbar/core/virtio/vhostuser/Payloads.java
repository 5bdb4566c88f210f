package io.busbar.core.virtio.vhostuser;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Payloads of messages, in the machine's byte order (vhost-user, Message Specification, Payload). */
public final class Payloads {

    /** No payload. */
    public static final byte[] NONE = {};

    /** Bytes of a ring and a number. */
    public static final int VRING_STATE_BYTES = 8;

    /** Bytes of a ring's addresses. */
    public static final int VRING_ADDRESS_BYTES = 40;

    /** Bytes of a region in a table of memory. */
    public static final int REGION_BYTES = 32;

    /** Bytes before the regions of a table, and before a single region. */
    public static final int TABLE_HEADER_BYTES = 8;

    /** Bytes of offset, size and flags before those of the configuration. */
    public static final int CONFIG_HEADER_BYTES = 12;

    /** Most bytes of the configuration in a message. */
    public static final int MOST_CONFIG_BYTES = 256;

    /** Bytes of a record of requests in flight, with the padding that C gives it at its end. */
    public static final int INFLIGHT_BYTES = 24;

    /** The same without the padding, which some do not send. */
    public static final int LEAST_INFLIGHT_BYTES = 20;

    /** In the number of a message that may carry a ring's descriptor: the bits of the ring. */
    public static final long RING_MASK = 0xff;

    /** In the number of a message that may carry a ring's descriptor: it carries none. */
    public static final long NO_DESCRIPTOR = 0x100;

    private Payloads() {
    }

    /** A number. */
    public static byte[] u64(long value) {
        return buffer(Long.BYTES).putLong(value).array();
    }

    /** A ring and a number. */
    public static byte[] vringState(long index, int num) {
        return buffer(VRING_STATE_BYTES).putInt((int) index).putInt(num).array();
    }

    /** A ring and where its parts are in the front-end's process; writes to it are not logged. */
    public static byte[] vringAddress(int index, long descriptorTable, long usedRing, long availableRing) {
        return buffer(VRING_ADDRESS_BYTES).putInt(index).putInt(0)
                .putLong(descriptorTable).putLong(usedRing).putLong(availableRing).putLong(0).array();
    }

    /**
     * A part of the configuration.
     *
     * @param offset first byte
     * @param flags  0 for what a driver writes, 1 for the restore of a migrated device; echoed in a reply
     * @param bytes  the content, in a request to read as many bytes as are wanted
     */
    public static byte[] config(int offset, int flags, byte[] bytes) {
        return buffer(CONFIG_HEADER_BYTES + bytes.length)
                .putInt(offset).putInt(bytes.length).putInt(flags).put(bytes).array();
    }

    /**
     * A record of requests in flight.
     *
     * @param size      bytes
     * @param offset    first byte in its file
     * @param queues    number of queues
     * @param queueSize entries of each
     */
    public static byte[] inflight(long size, long offset, int queues, int queueSize) {
        return buffer(INFLIGHT_BYTES)
                .putLong(size).putLong(offset).putShort((short) queues).putShort((short) queueSize).array();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }
}
