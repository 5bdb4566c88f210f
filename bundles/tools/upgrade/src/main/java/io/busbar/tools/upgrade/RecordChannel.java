package io.busbar.tools.upgrade;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Records with descriptors between two processes. Each has a version of its own; one of another version is refused with both
 * named. One thread.
 *
 * <pre>
 * 0 magic   4 version   8 type   12 bytes of content   16 descriptors, which come with the first byte
 * </pre>
 */
final class RecordChannel implements AutoCloseable {

    /** Of every record. */
    static final int VERSION = 2;

    static final int HEADER_BYTES = 20;
    static final int MAGIC = 0x42757362;
    private static final int AT_VERSION = 4;
    private static final int AT_TYPE = 8;
    private static final int AT_LENGTH = 12;
    private static final int AT_DESCRIPTORS = 16;
    private static final int MOST_BYTES = 64 << 20;
    /** Fewer than Linux passes with one message. */
    private static final int MOST_DESCRIPTORS = 200;

    /**
     * A record.
     *
     * @param type        what it says
     * @param content     its bytes
     * @param descriptors the receiver's from now on
     */
    record Received(RecordType type, byte[] content, List<Fd> descriptors) {

        /** Returns the numbers of the descriptors. */
        List<Integer> numbers() {
            return descriptors.stream().map(Fd::number).toList();
        }

        /**
         * Checks what it says.
         *
         * @throws VdpaException what a REFUSED record says, or EINVAL if it is another one
         */
        Received expect(RecordType expected) throws VdpaException {
            if (type == RecordType.REFUSED) {
                throw Records.refusal(content);
            }
            if (type != expected) {
                throw wrong("a record " + type + " came: expected " + expected);
            }
            return this;
        }
    }

    private final UnixStream stream;

    RecordChannel(UnixStream stream) {
        this.stream = stream;
    }

    /** Sends a record without descriptors. */
    void send(RecordType type, byte[] content, Duration deadline) throws IOException {
        send(type, content, List.of(), deadline);
    }

    /**
     * Sends a record.
     *
     * @param descriptors stay the caller's
     * @throws IOException if the other side has left, or does not read in time
     */
    void send(RecordType type, byte[] content, List<Integer> descriptors, Duration deadline) throws IOException {
        int sent = 0;
        while (descriptors.size() - sent > MOST_DESCRIPTORS) {
            sendOne(RecordType.DESCRIPTORS, new byte[0], descriptors.subList(sent, sent + MOST_DESCRIPTORS), deadline);
            sent += MOST_DESCRIPTORS;
        }
        sendOne(type, content, descriptors.subList(sent, descriptors.size()), deadline);
    }

    private void sendOne(RecordType type, byte[] content, List<Integer> descriptors, Duration deadline) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(HEADER_BYTES);
            header.set(JAVA_INT_UNALIGNED, 0, MAGIC);
            header.set(JAVA_INT_UNALIGNED, AT_VERSION, VERSION);
            header.set(JAVA_INT_UNALIGNED, AT_TYPE, type.ordinal());
            header.set(JAVA_INT_UNALIGNED, AT_LENGTH, content.length);
            header.set(JAVA_INT_UNALIGNED, AT_DESCRIPTORS, descriptors.size());
            MemorySegment body = arena.allocateFrom(JAVA_BYTE, content);
            int result = stream.sendFully(header.address(), HEADER_BYTES, body.address(), content.length,
                    descriptors.stream().map(Fd::own).toList(), deadline.toNanos());
            if (result < 0) {
                throw new IOException("a record could not be sent to the other process: " + Errno.text(result));
            }
        }
    }

    /**
     * Waits for a record.
     *
     * @throws IOException   if the other side has left, or says nothing in time
     * @throws VdpaException if what it says is no record of this version
     */
    Received receive(Duration deadline) throws IOException, VdpaException {
        List<Fd> descriptors = new ArrayList<>();
        while (true) {
            Received next = receiveOne(deadline);
            descriptors.addAll(next.descriptors());
            if (next.type() != RecordType.DESCRIPTORS) {
                return new Received(next.type(), next.content(), descriptors);
            }
        }
    }

    private Received receiveOne(Duration deadline) throws IOException, VdpaException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(HEADER_BYTES);
            read(header, deadline);
            check(header);
            byte[] content = new byte[header.get(JAVA_INT_UNALIGNED, AT_LENGTH)];
            if (content.length > 0) {
                MemorySegment body = arena.allocate(content.length);
                read(body, deadline);
                MemorySegment.copy(body, JAVA_BYTE, 0, content, 0, content.length);
            }
            List<Fd> descriptors = stream.takeDescriptors();
            int told = header.get(JAVA_INT_UNALIGNED, AT_DESCRIPTORS);
            if (descriptors.size() != told) {
                descriptors.forEach(Fd::close);
                throw wrong(descriptors.size() + " descriptors came with a record: expected " + told);
            }
            return new Received(RecordType.values()[header.get(JAVA_INT_UNALIGNED, AT_TYPE)], content, descriptors);
        }
    }

    private void read(MemorySegment target, Duration deadline) throws IOException {
        int result = stream.receiveExactly(target.address(), (int) target.byteSize(), deadline.toNanos());
        if (result == 0 || result == -Errno.ECONNRESET) {
            throw new IOException("the other process has ended");
        }
        if (result < 0) {
            throw new IOException("no answer from the other process: " + Errno.text(result));
        }
    }

    private static void check(MemorySegment header) throws VdpaException {
        int magic = header.get(JAVA_INT_UNALIGNED, 0);
        int version = header.get(JAVA_INT_UNALIGNED, AT_VERSION);
        int type = header.get(JAVA_INT_UNALIGNED, AT_TYPE);
        int length = header.get(JAVA_INT_UNALIGNED, AT_LENGTH);
        if (magic != MAGIC) {
            throw wrong("a record begins with 0x" + Integer.toHexString(magic) + ": expected 0x" + Integer.toHexString(MAGIC));
        }
        if (version != VERSION) {
            throw wrong("a record has version " + version + ": expected " + VERSION);
        }
        if (type < 0 || type >= RecordType.values().length || length < 0 || length > MOST_BYTES) {
            throw wrong("a record of type " + type + " and " + length + " bytes: expected a type below "
                    + RecordType.values().length + " and up to " + MOST_BYTES + " bytes");
        }
    }

    static VdpaException wrong(String sentence) {
        return new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, sentence, null);
    }

    @Override
    public void close() {
        stream.close();
    }
}
