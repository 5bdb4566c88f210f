package io.busbar.drivers.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Poll;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.vhostuser.FrontEndRequest;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Requests to the far process and its replies, one exchange at a time, each with a deadline. Number, flags, size and
 * descriptors of a reply are what was asked for, or the connection ends. One thread at a time.
 */
final class MessageChannel implements AutoCloseable {

    /** A reply has exactly these flags. */
    private static final int REPLY_FLAGS = MessageLayout.VERSION | MessageLayout.REPLY;
    private static final int MOST_PAYLOAD = 4096;
    private static final long DONE = 0;

    private final UnixStream stream;
    private final long exchangeNanos;
    private final long began = System.nanoTime();
    private final MemorySegment buffer =
            Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES + MOST_PAYLOAD, Long.BYTES);
    private long allNanos;
    private boolean acknowledged;

    /**
     * A reply with a descriptor.
     *
     * @param payload    in the machine's byte order
     * @param descriptor the caller's
     */
    record WithDescriptor(ByteBuffer payload, Fd descriptor) {}

    /**
     * Makes the channel.
     *
     * @param stream        connected
     * @param exchangeNanos how long one exchange may take
     * @param allNanos      how long all of them may take, until {@link #negotiated()}
     */
    MessageChannel(UnixStream stream, long exchangeNanos, long allNanos) {
        this.stream = stream;
        this.exchangeNanos = exchangeNanos;
        this.allNanos = allNanos;
    }

    UnixStream stream() {
        return stream;
    }

    /** From now on each request without a reply of its own asks for an acknowledgement. */
    void acknowledgeFromNowOn() {
        acknowledged = true;
    }

    /** From now on each exchange has a deadline of its own alone. */
    void negotiated() {
        allNanos = Long.MAX_VALUE;
    }

    /** Sends a request that has no reply of its own; waits for its acknowledgement where that was agreed on. */
    void tell(FrontEndRequest request, byte[] payload, Fd... descriptors) throws FarException {
        long end = deadline();
        int flags = acknowledged ? MessageLayout.VERSION | MessageLayout.NEED_REPLY : MessageLayout.VERSION;
        send(request, flags, payload, List.of(descriptors), end);
        if (!acknowledged) {
            return;
        }
        ByteBuffer reply = receive(request, end, Long.BYTES);
        expectDescriptors(request, 0);
        long outcome = reply.getLong();
        if (outcome != DONE) {
            throw new RefusedException(
                    "the far process refused " + request + " with " + Long.toUnsignedString(outcome));
        }
    }

    /**
     * Sends a request and waits for its reply.
     *
     * @param sizes which sizes the reply's payload may have, bytes
     */
    ByteBuffer ask(FrontEndRequest request, byte[] payload, int... sizes) throws FarException {
        long end = deadline();
        send(request, MessageLayout.VERSION, payload, List.of(), end);
        ByteBuffer reply = receive(request, end, sizes);
        expectDescriptors(request, 0);
        return reply;
    }

    long askU64(FrontEndRequest request) throws FarException {
        return ask(request, new byte[0], Long.BYTES).getLong();
    }

    /** As {@link #ask}, for a reply with exactly one descriptor. */
    WithDescriptor askForDescriptor(FrontEndRequest request, byte[] payload, int... sizes) throws FarException {
        long end = deadline();
        send(request, MessageLayout.VERSION, payload, List.of(), end);
        ByteBuffer reply = receive(request, end, sizes);
        expectDescriptors(request, 1);
        return new WithDescriptor(reply, stream.takeDescriptors().getFirst());
    }

    /** Looks whether the far process has left, or sends what nobody asked for. */
    void expectQuiet() throws FarException {
        if (Poll.await(stream.fd().number(), Poll.POLLIN, 0) == 0) {
            return;
        }
        int got = stream.receive(buffer.address(), 1);
        stream.closeDescriptors();
        if (got > 0) {
            throw FarException.violation("sent what nobody asked for");
        }
        if (got != -Errno.EAGAIN) {
            throw FarException.left("");
        }
    }

    @Override
    public void close() {
        stream.close();
    }

    private long deadline() throws FarException {
        expectQuiet();
        long now = System.nanoTime();
        return now + Math.min(exchangeNanos, allNanos == Long.MAX_VALUE ? exchangeNanos : allNanos - (now - began));
    }

    private void send(FrontEndRequest request, int flags, byte[] payload, List<Fd> descriptors, long end)
            throws FarException {
        buffer.set(JAVA_INT_UNALIGNED, MessageLayout.REQUEST, request.id());
        buffer.set(JAVA_INT_UNALIGNED, MessageLayout.FLAGS, flags);
        buffer.set(JAVA_INT_UNALIGNED, MessageLayout.SIZE, payload.length);
        MemorySegment.copy(payload, 0, buffer, JAVA_BYTE, MessageLayout.HEADER_BYTES, payload.length);
        int sent = stream.sendFully(buffer.address(), MessageLayout.HEADER_BYTES + payload.length, 0, 0, descriptors,
                left(end));
        if (sent == -Errno.ETIMEDOUT) {
            throw FarException.silent("does not take " + request);
        }
        if (sent < 0) {
            throw FarException.left(": " + request + " could not be sent (" + Errno.text(sent) + ")");
        }
    }

    private ByteBuffer receive(FrontEndRequest request, long end, int... sizes) throws FarException {
        receiveExactly(request, 0, MessageLayout.HEADER_BYTES, end);
        int id = buffer.get(JAVA_INT_UNALIGNED, MessageLayout.REQUEST);
        int flags = buffer.get(JAVA_INT_UNALIGNED, MessageLayout.FLAGS);
        long size = Integer.toUnsignedLong(buffer.get(JAVA_INT_UNALIGNED, MessageLayout.SIZE));
        if (id != request.id() || flags != REPLY_FLAGS || IntStream.of(sizes).noneMatch(allowed -> allowed == size)) {
            throw FarException.violation("answered " + request + " with request " + Integer.toUnsignedString(id)
                    + ", flags 0x" + Integer.toHexString(flags) + " and " + size + " bytes: expected " + request.id()
                    + ", 0x" + Integer.toHexString(REPLY_FLAGS) + " and "
                    + IntStream.of(sizes).mapToObj(Integer::toString).collect(Collectors.joining(" or ")));
        }
        if (size > 0) {
            receiveExactly(request, MessageLayout.HEADER_BYTES, (int) size, end);
        }
        byte[] payload = buffer.asSlice(MessageLayout.HEADER_BYTES, size).toArray(JAVA_BYTE);
        return ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
    }

    private void receiveExactly(FrontEndRequest request, int offset, int bytes, long end) throws FarException {
        int got = stream.receiveExactly(buffer.address() + offset, bytes, left(end));
        if (got == -Errno.ETIMEDOUT) {
            throw FarException.silent("does not answer " + request);
        }
        if (got <= 0) {
            throw FarException.left(" instead of answering " + request);
        }
    }

    private void expectDescriptors(FrontEndRequest request, int expected) throws FarException {
        if (stream.descriptorsLost() || stream.descriptorCount() != expected) {
            int count = stream.descriptorCount();
            stream.closeDescriptors();
            throw FarException.violation("answered " + request + " with " + count + " descriptors: expected " + expected);
        }
    }

    private static long left(long end) {
        return Math.max(0, end - System.nanoTime());
    }
}
