package io.busbar.busdrivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
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
final class FrontEnd implements AutoCloseable {

    static final int PLAIN = 1;
    static final int NEED_REPLY = 9;
    static final long SECONDS = TimeUnit.SECONDS.toNanos(1);

    private final UnixStream stream;
    private final MemorySegment buffer = Arena.ofAuto().allocate(8192, 8);

    private FrontEnd(UnixStream stream) {
        this.stream = stream;
    }

    static FrontEnd connect(Path socket) throws LinuxException {
        return new FrontEnd(UnixStream.connect(socket, 5 * SECONDS));
    }

    /** A reply. */
    record Reply(int id, byte[] payload, List<Fd> descriptors) {

        long u64() {
            assertThat(payload).hasSize(8);
            return bytes().getLong();
        }

        ByteBuffer bytes() {
            return ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
        }
    }

    static byte[] message(int id, int flags, byte[] payload) {
        return ByteBuffer.allocate(12 + payload.length).order(ByteOrder.nativeOrder())
                .putInt(id).putInt(flags).putInt(payload.length).put(payload).array();
    }

    void send(int id, int flags, byte[] payload, Fd... descriptors) {
        sendRaw(message(id, flags, payload), descriptors);
    }

    /** Sends bytes as they are. */
    void sendRaw(byte[] bytes, Fd... descriptors) {
        assertThat(trySendRaw(bytes, descriptors)).isEqualTo(bytes.length);
    }

    /** As {@link #sendRaw}, to a peer that may have hung up: the bytes sent or a negative errno. */
    int trySendRaw(byte[] bytes, Fd... descriptors) {
        MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
        return stream.sendFully(buffer.address(), bytes.length, 0, 0, List.of(descriptors), 5 * SECONDS);
    }

    Reply receive() {
        assertThat(stream.receiveExactly(buffer.address(), 12, 5 * SECONDS)).as("header of a reply").isEqualTo(12);
        int id = buffer.get(JAVA_INT_UNALIGNED, 0);
        assertThat(buffer.get(JAVA_INT_UNALIGNED, 4)).as("flags of a reply").isEqualTo(5);
        int size = buffer.get(JAVA_INT_UNALIGNED, 8);
        if (size > 0) {
            // DPDK reads once and takes no less: header and payload have left in one piece
            assertThat(stream.receive(buffer.address() + 12, size)).as("payload of a reply").isEqualTo(size);
        }
        return new Reply(id, buffer.asSlice(12, size).toArray(JAVA_BYTE), stream.takeDescriptors());
    }

    /** Sends a request that has a reply of its own, and returns that. */
    Reply ask(int id, byte[] payload, Fd... descriptors) {
        send(id, PLAIN, payload, descriptors);
        Reply reply = receive();
        assertThat(reply.id()).isEqualTo(id);
        return reply;
    }

    /** Sends a request that wants an acknowledgement, and returns that. */
    long ack(int id, byte[] payload, Fd... descriptors) {
        send(id, NEED_REPLY, payload, descriptors);
        Reply reply = receive();
        assertThat(reply.id()).isEqualTo(id);
        return reply.u64();
    }

    /** Waits until everything sent before was handled: GET_FEATURES is legal at any time. */
    long barrier() {
        return ask(1, new byte[0]).u64();
    }

    /**
     * Waits until everything sent before was handled, whatever replies to it come first. Nothing sent before has asked
     * for GET_FEATURES.
     *
     * @return false if the connection ended instead
     */
    boolean flush() {
        if (trySendRaw(message(1, PLAIN, none())) < 0) {
            return false;
        }
        while (stream.receiveExactly(buffer.address(), 12, 5 * SECONDS) == 12) {
            int size = buffer.get(JAVA_INT_UNALIGNED, 8);
            if (size > 0 && stream.receiveExactly(buffer.address() + 12, size, 5 * SECONDS) != size) {
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
    void expectClosed() {
        int count = stream.receiveExactly(buffer.address(), 1, 5 * SECONDS);
        assertThat(count).as("the connection is closed").isIn(0, -Errno.ECONNRESET);
    }

    @Override
    public void close() {
        stream.close();
    }

    // Payloads

    static byte[] none() {
        return new byte[0];
    }

    static byte[] u64(long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.nativeOrder());
        for (long value : values) {
            bytes.putLong(value);
        }
        return bytes.array();
    }

    static byte[] state(int index, int num) {
        return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putInt(index).putInt(num).array();
    }

    static byte[] address(int index, long descriptors, long used, long available) {
        return ByteBuffer.allocate(40).order(ByteOrder.nativeOrder())
                .putInt(index).putInt(0).putLong(descriptors).putLong(used).putLong(available).putLong(-1).array();
    }

    static byte[] config(int offset, int size, int flags, byte... bytes) {
        return ByteBuffer.allocate(12 + bytes.length).order(ByteOrder.nativeOrder())
                .putInt(offset).putInt(size).putInt(flags).put(bytes).array();
    }

    static byte[] inflight(long size, long offset, int queues, int queueSize) {
        return ByteBuffer.allocate(24).order(ByteOrder.nativeOrder())
                .putLong(size).putLong(offset).putShort((short) queues).putShort((short) queueSize).array();
    }
}
