package io.busbar.busdrivers.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.busbar.core.linux.Fd;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * One message from a front-end, in a private copy: a header of 12 bytes (request, flags, payload size), the payload, and
 * the descriptors that came with it. Byte order is the machine's (vhost-user, Message Specification).
 *
 * <p>Owns the descriptors until they are taken; {@link #close()} closes the rest.
 */
final class Message implements AutoCloseable {

    private final MemorySegment bytes;
    private final List<Fd> descriptors;

    /**
     * Makes a message of what was received.
     *
     * @param bytes       header and payload; not written to while the message is in use
     * @param descriptors the message's from now on
     */
    Message(MemorySegment bytes, List<Fd> descriptors) {
        this.bytes = bytes;
        this.descriptors = new ArrayList<>(descriptors);
    }

    static int flags(MemorySegment header) {
        return header.get(JAVA_INT_UNALIGNED, MessageLayout.FLAGS);
    }

    static long size(MemorySegment header) {
        return Integer.toUnsignedLong(header.get(JAVA_INT_UNALIGNED, MessageLayout.SIZE));
    }

    static void writeHeader(MemorySegment target, int id, int flags, int size) {
        target.set(JAVA_INT_UNALIGNED, MessageLayout.REQUEST, id);
        target.set(JAVA_INT_UNALIGNED, MessageLayout.FLAGS, flags);
        target.set(JAVA_INT_UNALIGNED, MessageLayout.SIZE, size);
    }

    int id() {
        return bytes.get(JAVA_INT_UNALIGNED, MessageLayout.REQUEST);
    }

    boolean needReply() {
        return (flags(bytes) & MessageLayout.NEED_REPLY) != 0;
    }

    /** Bytes of the payload. */
    int size() {
        return (int) size(bytes);
    }

    int u8(int offset) {
        return Byte.toUnsignedInt(bytes.get(JAVA_BYTE, MessageLayout.HEADER_BYTES + offset));
    }

    int u16(int offset) {
        return Short.toUnsignedInt(bytes.get(JAVA_SHORT_UNALIGNED, MessageLayout.HEADER_BYTES + offset));
    }

    /** 32 bits, unsigned. */
    long u32(int offset) {
        return Integer.toUnsignedLong(bytes.get(JAVA_INT_UNALIGNED, MessageLayout.HEADER_BYTES + offset));
    }

    long u64(int offset) {
        return bytes.get(JAVA_LONG_UNALIGNED, MessageLayout.HEADER_BYTES + offset);
    }

    byte[] bytes(int offset, int length) {
        return bytes.asSlice(MessageLayout.HEADER_BYTES + offset, length).toArray(JAVA_BYTE);
    }

    int descriptorCount() {
        return descriptors.size();
    }

    /** Takes all descriptors, in the order sent: they are the caller's. */
    List<Fd> takeDescriptors() {
        List<Fd> taken = List.copyOf(descriptors);
        descriptors.clear();
        return taken;
    }

    /** Returns the first descriptor, which stays the message's until it is taken. */
    Fd descriptor() {
        return descriptors.getFirst();
    }

    /** Takes the first descriptor: it is the caller's. */
    Fd takeDescriptor() {
        return descriptors.removeFirst();
    }

    /** Closes the descriptors that nobody took. */
    @Override
    public void close() {
        descriptors.forEach(Fd::close);
        descriptors.clear();
    }
}
