package io.busbar.testkit.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A scripted front-end: sends any bytes, reads replies and checks their framing. */
public final class ScriptedFrontEnd implements AutoCloseable {

    /** Flags of a message that wants no acknowledgement. */
    public static final int PLAIN = 1;
    /** Flags of a message that wants one. */
    public static final int NEED_REPLY = 9;
    /** Nanoseconds of a second. */
    public static final long SECONDS = TimeUnit.SECONDS.toNanos(1);

    /** Longer than any answer takes, on a machine with other work to do. */
    private static final long PATIENCE = 60 * SECONDS;

    private final UnixStream stream;
    private final MemorySegment buffer = Arena.ofAuto().allocate(8192, 8);

    private ScriptedFrontEnd(UnixStream stream) {
        this.stream = stream;
    }

    /** Connects to a back-end's socket. */
    public static ScriptedFrontEnd connect(Path socket) throws LinuxException {
        return new ScriptedFrontEnd(UnixStream.connect(socket, PATIENCE));
    }

    /**
     * A reply.
     *
     * @param id          of the request
     * @param payload     without the header
     * @param descriptors the caller's
     */
    public record Reply(int id, byte[] payload, List<Fd> descriptors) {

        /** The payload as one number. */
        public long u64() {
            expect("bytes of an answer", payload.length, 8);
            return bytes().getLong();
        }

        /** The payload in the machine's byte order. */
        public ByteBuffer bytes() {
            return ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
        }
    }

    /** A message with a header that fits. */
    public static byte[] message(int id, int flags, byte[] payload) {
        return ByteBuffer.allocate(12 + payload.length).order(ByteOrder.nativeOrder())
                .putInt(id).putInt(flags).putInt(payload.length).put(payload).array();
    }

    /** Sends a message. */
    public void send(int id, int flags, byte[] payload, Fd... descriptors) {
        sendRaw(message(id, flags, payload), descriptors);
    }

    /** Sends bytes as they are. */
    public void sendRaw(byte[] bytes, Fd... descriptors) {
        expect("bytes sent", trySendRaw(bytes, descriptors), bytes.length);
    }

    /** As {@link #sendRaw}, to a peer that may have hung up: the bytes sent or a negative errno. */
    public int trySendRaw(byte[] bytes, Fd... descriptors) {
        MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
        return stream.sendFully(buffer.address(), bytes.length, 0, 0, List.of(descriptors), PATIENCE);
    }

    /** Receives the next reply, which has to be there soon, with flags 5 and in one piece. */
    public Reply receive() {
        expect("header of a reply", stream.receiveExactly(buffer.address(), 12, PATIENCE), 12);
        int id = buffer.get(JAVA_INT_UNALIGNED, 0);
        expect("flags of a reply", buffer.get(JAVA_INT_UNALIGNED, 4), 5);
        int size = buffer.get(JAVA_INT_UNALIGNED, 8);
        if (size > 0) {
            // DPDK reads once and takes no less: header and payload have left in one piece
            expect("payload of a reply", stream.receive(buffer.address() + 12, size), size);
        }
        return new Reply(id, buffer.asSlice(12, size).toArray(JAVA_BYTE), stream.takeDescriptors());
    }

    /** Sends a request that has a reply of its own, and returns that. */
    public Reply ask(int id, byte[] payload, Fd... descriptors) {
        send(id, PLAIN, payload, descriptors);
        Reply reply = receive();
        expect("request that is answered", reply.id(), id);
        return reply;
    }

    /** Sends a request that wants an acknowledgement, and returns that. */
    public long ack(int id, byte[] payload, Fd... descriptors) {
        send(id, NEED_REPLY, payload, descriptors);
        Reply reply = receive();
        expect("request that is answered", reply.id(), id);
        return reply.u64();
    }

    /** Waits until everything sent before was handled: GET_FEATURES is legal at any time. */
    public long barrier() {
        return ask(1, new byte[0]).u64();
    }

    /**
     * Waits until everything sent before was handled, whatever replies to it come first. Nothing sent before has asked
     * for GET_FEATURES.
     *
     * @return false if the connection ended instead
     */
    public boolean flush() {
        if (trySendRaw(message(1, PLAIN, none())) < 0) {
            return false;
        }
        while (stream.receiveExactly(buffer.address(), 12, PATIENCE) == 12) {
            int size = buffer.get(JAVA_INT_UNALIGNED, 8);
            if (size > 0 && stream.receiveExactly(buffer.address() + 12, size, PATIENCE) != size) {
                return false;
            }
            stream.closeDescriptors();
            if (buffer.get(JAVA_INT_UNALIGNED, 0) == 1) {
                return true;
            }
        }
        return false;
    }

    /** Waits for the end of the connection; fails if there is anything to read before it. */
    public void expectClosed() {
        int count = stream.receiveExactly(buffer.address(), 1, PATIENCE);
        if (count != 0 && count != -Errno.ECONNRESET) {
            throw new AssertionError("expected the end of the connection, but got " + count);
        }
    }

    @Override
    public void close() {
        stream.close();
    }

    private static void expect(String what, int is, int expected) {
        if (is != expected) {
            throw new AssertionError(what + ": " + is + ", expected " + expected);
        }
    }

    // Payloads

    /** No payload. */
    public static byte[] none() {
        return new byte[0];
    }

    /** One or more numbers of 64 bits. */
    public static byte[] u64(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.nativeOrder());
        for (long value : values) {
            bytes.putLong(value);
        }
        return bytes.array();
    }

    /** A ring and a number. */
    public static byte[] state(int index, int num) {
        return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putInt(index).putInt(num).array();
    }

    /** A ring and where its parts are, in the front-end. */
    public static byte[] address(int index, long descriptors, long used, long available) {
        return ByteBuffer.allocate(40).order(ByteOrder.nativeOrder())
                .putInt(index).putInt(0).putLong(descriptors).putLong(used).putLong(available).putLong(-1).array();
    }

    /** A part of the configuration. */
    public static byte[] config(int offset, int size, int flags, byte... bytes) {
        return ByteBuffer.allocate(12 + bytes.length).order(ByteOrder.nativeOrder())
                .putInt(offset).putInt(size).putInt(flags).put(bytes).array();
    }

    /** A record of requests in flight. */
    public static byte[] inflight(long size, long offset, int queues, int queueSize) {
        return ByteBuffer.allocate(24).order(ByteOrder.nativeOrder())
                .putLong(size).putLong(offset).putShort((short) queues).putShort((short) queueSize).array();
    }
}
