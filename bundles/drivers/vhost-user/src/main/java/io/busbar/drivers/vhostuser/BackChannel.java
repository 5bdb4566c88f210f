package io.busbar.drivers.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.vhostuser.BackEndRequest;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The channel for requests of the far process. What was agreed on leaves one of them: the configuration changed. Nothing
 * here waits. One thread at a time.
 */
final class BackChannel implements AutoCloseable {

    /** What the far process said since the last look. */
    enum Said {
        /** Nothing. */
        NOTHING,
        /** The configuration changed. */
        CONFIG_CHANGED,
        /** It has closed the channel. */
        GOOD_BYE
    }

    /** Messages in one look: more are one change all the same, and the rest comes with the next look. */
    private static final int MOST_MESSAGES = 64;

    private final UnixStream stream;
    private final MemorySegment header =
            Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES + Long.BYTES, Long.BYTES);
    private int received;

    private BackChannel(UnixStream stream) {
        this.stream = stream;
    }

    /** Gets the far process's end of a new channel. */
    @FunctionalInterface
    interface Receiver {
        void take(Fd end) throws FarException;
    }

    /**
     * Makes a channel.
     *
     * @param far passes its other end on, which is closed here afterwards
     */
    static BackChannel open(Receiver far) throws FarException, LinuxException {
        List<UnixStream> ends = UnixStream.pair();
        try (UnixStream other = ends.getLast()) {
            far.take(other.fd());
            return new BackChannel(ends.getFirst());
        } catch (FarException e) {
            ends.getFirst().close();
            throw e;
        }
    }

    Fd fd() {
        return stream.fd();
    }

    /** Reads what is there. */
    Said read() throws FarException {
        Said said = Said.NOTHING;
        for (int i = 0; i < MOST_MESSAGES; i++) {
            int got = stream.receive(header.address() + received, MessageLayout.HEADER_BYTES - received);
            if (got == -Errno.EAGAIN) {
                return said;
            }
            if (got <= 0) {
                return said == Said.NOTHING ? Said.GOOD_BYE : said;
            }
            received += got;
            if (received == MessageLayout.HEADER_BYTES) {
                received = 0;
                handle();
                said = Said.CONFIG_CHANGED;
            }
        }
        return said;
    }

    private void handle() throws FarException {
        int id = header.get(JAVA_INT_UNALIGNED, MessageLayout.REQUEST);
        int flags = header.get(JAVA_INT_UNALIGNED, MessageLayout.FLAGS);
        int size = header.get(JAVA_INT_UNALIGNED, MessageLayout.SIZE);
        boolean descriptors = stream.descriptorCount() > 0 || stream.descriptorsLost();
        stream.closeDescriptors();
        if (id != BackEndRequest.CONFIG_CHANGE_MSG.id() || (flags & ~MessageLayout.NEED_REPLY) != MessageLayout.VERSION
                || size != 0 || descriptors) {
            throw FarException.violation("sent request " + Integer.toUnsignedString(id) + " with flags 0x"
                    + Integer.toHexString(flags) + ", " + Integer.toUnsignedString(size) + " bytes"
                    + (descriptors ? " and descriptors" : "") + " on its own channel: expected "
                    + BackEndRequest.CONFIG_CHANGE_MSG.id() + ", 0x1 or 0x9 and 0 bytes");
        }
        if ((flags & MessageLayout.NEED_REPLY) != 0) {
            acknowledge(id);
        }
    }

    private void acknowledge(int id) throws FarException {
        header.set(JAVA_INT_UNALIGNED, MessageLayout.REQUEST, id);
        header.set(JAVA_INT_UNALIGNED, MessageLayout.FLAGS, MessageLayout.VERSION | MessageLayout.REPLY);
        header.set(JAVA_INT_UNALIGNED, MessageLayout.SIZE, Long.BYTES);
        header.set(JAVA_LONG_UNALIGNED, MessageLayout.HEADER_BYTES, 0);
        int length = MessageLayout.HEADER_BYTES + Long.BYTES;
        int sent = stream.send(header.address(), length);
        if (sent == -Errno.EAGAIN || sent >= 0 && sent < length) {
            throw FarException.violation("does not read the acknowledgements that it asks for");
        }
    }

    @Override
    public void close() {
        stream.close();
    }
}
