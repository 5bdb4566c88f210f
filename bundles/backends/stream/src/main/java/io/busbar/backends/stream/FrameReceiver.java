package io.busbar.backends.stream;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Iovecs;
import io.busbar.core.linux.StreamIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The frames that wait for the driver, of whichever connection. Only on the thread of the receive queue.
 *
 * <p>Many frames come with one call. The header that goes in front of each takes the place of its length and of the end of
 * the frame before it, which was taken by then.
 *
 * <pre>
 *   memory:  HEAD bytes | taken ... | length | frame | length | part of a frame | room
 *                                   ^start                                      ^end
 * </pre>
 */
final class FrameReceiver implements WaitingFrame {

    /** In front of the first frame's length: the part of its header that has no other place. */
    private static final int HEAD = NetBackend.HEADER_BYTES - Connection.PREFIX;

    private static final int LONGEST = Connection.PREFIX + Connection.MAX_FRAME;
    private static final int ROOM = 4 * LONGEST;

    private final MemorySegment memory;
    private final Iovecs room = new Iovecs(1);
    private Connection from;
    private int start = HEAD;
    private int end = HEAD;
    private int length;

    /**
     * Makes an empty one.
     *
     * @param arena outlives it
     */
    FrameReceiver(Arena arena) {
        memory = arena.allocate(HEAD + ROOM, Long.BYTES);
        room.setCount(1);
    }

    /**
     * Returns the frame that waits, or null.
     *
     * @param now the connection, or null
     */
    WaitingFrame peek(Connection now) {
        while (length == 0) {
            if (find()) {
                return this;
            }
            if (now != from) {
                from = now;
                start = HEAD;
                end = HEAD;
            }
            if (now == null || now.ended() != null || !fill(now)) {
                return null;
            }
        }
        return this;
    }

    /** Looks whether a whole frame is there. */
    private boolean find() {
        if (end - start < Connection.PREFIX) {
            return false;
        }
        int bytes = memory.get(Connection.LENGTH, start);
        if (bytes < Connection.MIN_FRAME || bytes > Connection.MAX_FRAME) {
            from.end("says that a frame has " + Integer.toUnsignedLong(bytes) + " bytes, expected "
                    + Connection.MIN_FRAME + " to " + Connection.MAX_FRAME);
            start = end;
            return false;
        }
        if (end - start < Connection.PREFIX + bytes) {
            return false;
        }
        length = NetBackend.HEADER_BYTES + bytes;
        memory.set(ValueLayout.JAVA_LONG_UNALIGNED, offset(), 0);
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, offset() + Long.BYTES, 0);
        from.hear();
        return true;
    }

    /** Receives what is there; returns whether anything was. */
    private boolean fill(Connection now) {
        makeRoom();
        Fd fd = now.fd();
        if (!fd.retain()) {
            return false;
        }
        long got;
        try {
            do {
                room.set(0, memory.address() + end, HEAD + ROOM - end);
                got = StreamIo.readv(fd.number(), room);
            } while (got == -Errno.EINTR);
        } finally {
            fd.release();
        }
        if (got > 0) {
            end += (int) got;
            return true;
        }
        if (got == 0) {
            now.end(start == end ? "has closed the connection" : "has closed the connection in the middle of a frame");
        } else if (got != -Errno.EAGAIN) {
            now.end("cannot be received from: " + Connection.text((int) got));
        }
        return false;
    }

    /** The rest of any frame has room behind what is there. */
    private void makeRoom() {
        if (start == end) {
            start = HEAD;
            end = HEAD;
        } else if (HEAD + ROOM - start < LONGEST) {
            MemorySegment.copy(memory, start, memory, HEAD, end - start);
            end -= start - HEAD;
            start = HEAD;
        }
    }

    void taken() {
        start += length - HEAD;
        length = 0;
    }

    @Override
    public MemorySegment memory() {
        return memory;
    }

    @Override
    public long offset() {
        return start - HEAD;
    }

    @Override
    public int length() {
        return length;
    }
}
