package io.busbar.drivers.sharedmemory;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** The socket to the other process. Sending and receiving are safe for any thread; what was sent first is received first. */
final class Peer implements AutoCloseable {

    /** For a message of a few bytes: who does not take them is not well. */
    private static final long SEND_NANOS = 2_000_000_000L;

    private final UnixStream stream;
    private final Object sending = new Object();
    private final MemorySegment out = Arena.ofAuto().allocate(Message.BYTES, Long.BYTES);
    private final MemorySegment in = Arena.ofAuto().allocate(Message.BYTES, Long.BYTES);
    private int received;

    /**
     * A message with its descriptors, which are the receiver's.
     *
     * @param message     what was said
     * @param descriptors in order
     */
    record Received(Message message, List<Fd> descriptors) {}

    /** The other process is gone, or says what it should not: the message says which. */
    static final class GoneException extends Exception {

        private static final long serialVersionUID = 1;

        GoneException(String sentence) {
            super(sentence);
        }
    }

    Peer(UnixStream stream) {
        this.stream = stream;
    }

    int descriptor() {
        return stream.fd().number();
    }

    void send(Message message, List<Fd> descriptors) throws GoneException {
        synchronized (sending) {
            message.encode(out);
            int sent = stream.sendFully(out.address(), Message.BYTES, 0, 0, descriptors, SEND_NANOS);
            if (sent < 0) {
                throw new GoneException("the other process takes no message: error " + -sent);
            }
        }
    }

    /** Returns the next message if all of it has come; never waits. Called by one thread at a time. */
    Optional<Received> receive() throws GoneException {
        while (received < Message.BYTES) {
            int count = stream.receive(in.address() + received, Message.BYTES - received);
            if (count == -Errno.EAGAIN) {
                return Optional.empty();
            }
            if (count <= 0) {
                throw new GoneException(count == 0 ? "the other process has left" : "the socket failed: error " + -count);
            }
            received += count;
        }
        received = 0;
        if (stream.descriptorsLost()) {
            throw new GoneException("descriptors of the other process did not arrive");
        }
        List<Fd> descriptors = stream.takeDescriptors();
        try {
            return Optional.of(new Received(Message.decode(in), descriptors));
        } catch (IllegalArgumentException e) {
            descriptors.forEach(Fd::close);
            throw new GoneException(e.getMessage());
        }
    }

    void shutdown() {
        stream.shutdown();
    }

    @Override
    public void close() {
        stream.close();
    }
}
