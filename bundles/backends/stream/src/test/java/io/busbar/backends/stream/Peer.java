package io.busbar.backends.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.UnixStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The far end of a connection, which sends and receives bytes as they are. */
record Peer(UnixStream stream) implements AutoCloseable {

    private static final long LONG = TimeUnit.SECONDS.toNanos(20);

    /** Returns a frame's bytes behind their length. */
    static byte[] framed(byte[] frame) {
        return ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array();
    }

    /** Returns a frame of so many bytes, each of them told by its number. */
    static byte[] frame(int number, int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (31 * number + i);
        }
        return frame;
    }

    void send(byte... bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            assertThat(stream.sendFully(memory.address(), bytes.length, 0, 0, List.of(), LONG)).isEqualTo(bytes.length);
        }
    }

    byte[] receive(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(bytes);
            assertThat(stream.receiveExactly(memory.address(), bytes, LONG)).isEqualTo(bytes);
            return memory.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    byte[] receiveFrame() {
        return receive(ByteBuffer.wrap(receive(4)).getInt());
    }

    /** Waits until the other side has closed the connection. */
    boolean isEnded() {
        try (Arena arena = Arena.ofConfined()) {
            int got = stream.receiveExactly(arena.allocate(1).address(), 1, LONG);
            return got == 0 || got == -Errno.ECONNRESET;
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
