package io.busbar.tools.bench.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.vhostuser.FrontEndRequest;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/**
 * Requests and their replies, one at a time: a header of 12 bytes (request, flags, payload bytes), then the payload, in
 * the machine's byte order (vhost-user, Message Specification). One thread.
 */
final class MessageChannel implements AutoCloseable {

    private static final int REPLY_FLAGS = MessageLayout.VERSION | MessageLayout.REPLY;
    private static final int MOST_PAYLOAD = 4096;

    private final UnixStream stream;
    private final long timeoutNanos;
    private final MemorySegment buffer = Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES + MOST_PAYLOAD, Long.BYTES);
    private boolean acknowledged;

    private MessageChannel(UnixStream stream, long timeoutNanos) {
        this.stream = stream;
        this.timeoutNanos = timeoutNanos;
    }

    /**
     * Connects.
     *
     * @param socket       where a back-end listens
     * @param timeoutNanos for the connection, and then for each message
     */
    static MessageChannel connect(Path socket, long timeoutNanos) throws LinuxException {
        return new MessageChannel(UnixStream.connect(socket, timeoutNanos), timeoutNanos);
    }

    /** From now on each request without a reply of its own asks for an acknowledgement (REPLY_ACK). */
    void acknowledgeFromNowOn() {
        acknowledged = true;
    }

    UnixStream stream() {
        return stream;
    }

    /**
     * Sends a request that has no reply of its own, and waits for its acknowledgement where that was negotiated.
     *
     * @throws FrontEndException if the back-end refuses it or does not answer
     */
    void tell(FrontEndRequest request, byte[] payload, Fd... descriptors) throws FrontEndException {
        send(request, acknowledged ? MessageLayout.VERSION | MessageLayout.NEED_REPLY : MessageLayout.VERSION, payload, List.of(descriptors));
        if (acknowledged) {
            long outcome = receive(request, Long.BYTES).getLong();
            if (outcome != 0) {
                throw new FrontEndException("the back-end refused " + request + " with " + outcome + ": expected 0");
            }
        }
    }

    /**
     * Sends a request and waits for its reply.
     *
     * @param replyBytes what the reply's payload must have, exactly
     * @throws FrontEndException if another reply comes, or none
     */
    ByteBuffer ask(FrontEndRequest request, byte[] payload, int replyBytes) throws FrontEndException {
        send(request, MessageLayout.VERSION, payload, List.of());
        return receive(request, replyBytes);
    }

    private void send(FrontEndRequest request, int flags, byte[] payload, List<Fd> descriptors) throws FrontEndException {
        int size = payload.length;
        buffer.set(JAVA_INT_UNALIGNED, MessageLayout.REQUEST, request.id());
        buffer.set(JAVA_INT_UNALIGNED, MessageLayout.FLAGS, flags);
        buffer.set(JAVA_INT_UNALIGNED, MessageLayout.SIZE, size);
        MemorySegment.copy(payload, 0, buffer, JAVA_BYTE, MessageLayout.HEADER_BYTES, size);
        int sent = stream.sendFully(buffer.address(), MessageLayout.HEADER_BYTES, buffer.address() + MessageLayout.HEADER_BYTES, size, descriptors,
                timeoutNanos);
        if (sent < 0) {
            throw new FrontEndException(request + " could not be sent: " + Errno.text(sent));
        }
    }

    private ByteBuffer receive(FrontEndRequest request, int bytes) throws FrontEndException {
        receiveExactly(request, 0, MessageLayout.HEADER_BYTES);
        stream.closeDescriptors();
        int id = buffer.get(JAVA_INT_UNALIGNED, MessageLayout.REQUEST);
        int flags = buffer.get(JAVA_INT_UNALIGNED, MessageLayout.FLAGS);
        int size = buffer.get(JAVA_INT_UNALIGNED, MessageLayout.SIZE);
        if (id != request.id() || flags != REPLY_FLAGS || size != bytes) {
            throw new FrontEndException("the reply to " + request + " has request " + id + ", flags 0x"
                    + Integer.toHexString(flags) + " and " + Integer.toUnsignedString(size) + " bytes: expected "
                    + request.id() + ", 0x" + REPLY_FLAGS + " and " + bytes);
        }
        receiveExactly(request, MessageLayout.HEADER_BYTES, bytes);
        return ByteBuffer.wrap(buffer.asSlice(MessageLayout.HEADER_BYTES, bytes).toArray(JAVA_BYTE)).order(ByteOrder.nativeOrder());
    }

    private void receiveExactly(FrontEndRequest request, int offset, int bytes) throws FrontEndException {
        int got = stream.receiveExactly(buffer.address() + offset, bytes, timeoutNanos);
        if (got == 0 || got == -Errno.ECONNRESET) {
            throw new FrontEndException("the back-end closed the connection instead of answering " + request);
        }
        if (got < 0) {
            throw new FrontEndException("no answer to " + request + ": " + Errno.text(got));
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
