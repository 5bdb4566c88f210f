package io.busbar.busdrivers.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Poll;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The framing of one connection: cuts the stream into messages, each with the descriptors that were sent with it, and
 * sends replies.
 *
 * <p>Never reads past the end of a message, as the descriptors of the next one come with its first byte. One thread at
 * a time: the reactor while it waits for a message, then the device's lane until the message is handled.
 */
final class Connection implements AutoCloseable {

    /** Largest payload that is read: the largest legal one is below 300 bytes. */
    static final int MAX_PAYLOAD = 4096;

    private final UnixStream stream;
    /* Freed when unreachable: a system call of another thread may still write to it when the connection is closed. */
    private final MemorySegment input = Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES + MAX_PAYLOAD, Long.BYTES);
    private final MemorySegment output = Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES + MAX_PAYLOAD, Long.BYTES);
    private int received;
    /** Descriptors of the message that was begun, which another process has received. */
    private List<Fd> early = List.of();

    Connection(UnixStream stream) {
        this.stream = stream;
    }

    Fd fd() {
        return stream.fd();
    }

    /**
     * Reads on, without waiting.
     *
     * @return the message, once it is complete; valid until the next call
     * @throws ProtocolException if the front-end has left or sends what cannot be a message
     */
    Optional<Message> read() throws ProtocolException {
        while (received < wanted()) {
            int count = stream.receive(input.address() + received, wanted() - received);
            if (count == -Errno.EAGAIN) {
                return Optional.empty();
            }
            if (count <= 0) {
                throw ended(count);
            }
            received += count;
            check();
        }
        int length = received;
        received = 0;
        return Optional.of(new Message(input.asSlice(0, length), takeDescriptors()));
    }

    private List<Fd> takeDescriptors() {
        List<Fd> all = new ArrayList<>(early);
        all.addAll(stream.takeDescriptors());
        early = List.of();
        return all;
    }

    /** Writes the socket, and the message that was begun. */
    void save(SessionWriter to) {
        early = takeDescriptors();
        to.descriptor(stream.fd()).bytes(input.asSlice(0, received).toArray(JAVA_BYTE)).number(early.size());
        early.forEach(to::descriptor);
    }

    /** Goes on with a connection that another process had. */
    static Connection restore(SessionReader from) throws RefusedException {
        Connection connection = new Connection(UnixStream.adopt(from.neededDescriptor()));
        byte[] begun = from.bytes(MessageLayout.HEADER_BYTES + MAX_PAYLOAD);
        MemorySegment.copy(begun, 0, connection.input, JAVA_BYTE, 0, begun.length);
        connection.received = begun.length;
        List<Fd> early = new ArrayList<>();
        for (int left = from.number(0, UnixStream.MAX_DESCRIPTORS); left > 0; left--) {
            early.add(from.neededDescriptor());
        }
        connection.early = early;
        return connection;
    }

    /** Returns whether a message was begun that is not complete. */
    boolean inMessage() {
        return received > 0;
    }

    /** Returns whether the front-end has left, as far as the kernel knows, or was left. Any thread. */
    boolean hungUp() {
        Fd fd = stream.fd();
        if (!fd.retain()) {
            return true;
        }
        try {
            int events = Poll.await(fd.number(), Poll.POLLIN, 0);
            return events < 0 || (events & (Poll.POLLHUP | Poll.POLLERR)) != 0;
        } finally {
            fd.release();
        }
    }

    /**
     * Sends a reply in one piece (DPDK reads the header with one call and the payload with another, and does not wait
     * for more).
     *
     * @param id          of the request
     * @param payload     up to {@link #MAX_PAYLOAD} bytes
     * @param descriptors stay the caller's
     * @throws ProtocolException if the front-end does not read its replies, or has left
     */
    void reply(int id, byte[] payload, List<Fd> descriptors) throws ProtocolException {
        Message.writeHeader(output, id, MessageLayout.REPLY | MessageLayout.VERSION, payload.length);
        MemorySegment.copy(payload, 0, output, JAVA_BYTE, MessageLayout.HEADER_BYTES, payload.length);
        int length = MessageLayout.HEADER_BYTES + payload.length;
        int sent = stream.send(output.address(), length, 0, 0, descriptors);
        if (sent == -Errno.EAGAIN || sent >= 0 && sent < length) {
            throw new ProtocolException("the front-end does not read its replies");
        }
        if (sent < 0) {
            throw ended(sent);
        }
    }

    /** Closes the socket and the descriptors that came and were in no complete message. */
    @Override
    public void close() {
        stream.close();
        early.forEach(Fd::close);
        early = List.of();
    }

    private int wanted() {
        return received < MessageLayout.HEADER_BYTES ? MessageLayout.HEADER_BYTES : MessageLayout.HEADER_BYTES + (int) Message.size(input);
    }

    private void check() throws ProtocolException {
        if (stream.descriptorsLost()) {
            throw new ProtocolException("descriptors were lost on their way: more than can be taken");
        }
        if (received < MessageLayout.HEADER_BYTES) {
            return;
        }
        int flags = Message.flags(input);
        if ((flags & MessageLayout.VERSION_MASK) != MessageLayout.VERSION || (flags & MessageLayout.REPLY) != 0) {
            throw new ProtocolException(
                    "flags 0x" + Integer.toHexString(flags) + " in a message: expected version 1 and no reply bit");
        }
        long size = Message.size(input);
        if (size > MAX_PAYLOAD) {
            throw new ProtocolException("a payload of " + size + " bytes: expected up to " + MAX_PAYLOAD);
        }
    }

    private ProtocolException ended(int result) {
        boolean left = result == 0 || result == -Errno.ECONNRESET || result == -Errno.EPIPE;
        String where = inMessage() ? " inside a message" : "";
        return left
                ? new FrontEndLeftException("the front-end left" + where)
                : new ProtocolException("the socket failed: " + Errno.text(result) + where);
    }
}
