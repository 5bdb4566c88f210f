package io.busbar.backends.stream;

import io.busbar.api.backend.NetFrame;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * One connection with a far end. Sending is the transmit queue's thread's; while {@link #isFull} the backend's thread has what
 * is left of a frame, and the other waits.
 */
final class Connection {

    /** Bytes of the length in front of a frame. */
    static final int PREFIX = 4;

    /** The longest frame that a driver sends or takes. */
    static final int MAX_FRAME = 65_550;

    /** The shortest: an Ethernet header. */
    static final int MIN_FRAME = 14;

    static final ValueLayout.OfInt LENGTH = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    /** What the backend's thread is told of without being asked. */
    private static final int EVENTS = Epoll.EPOLLRDHUP;

    private final UnixStream stream;
    private final Epoll epoll;
    private final long token;
    private final Runnable onEnd;
    private final MemorySegment prefix = Arena.ofAuto().allocate(PREFIX, Integer.BYTES);
    private final MemorySegment rest = Arena.ofAuto().allocate(PREFIX + MAX_FRAME, Long.BYTES);
    private int restStart;
    private int restEnd;

    /** Set by the sending thread when it hands the rest over, cleared by the backend's when it is sent: its fence. */
    private volatile boolean full;

    private volatile boolean heard;
    private volatile String end;

    /**
     * Begins.
     *
     * @param stream the socket
     * @param epoll  the backend's thread waits for it there
     * @param token  as this
     * @param onEnd  told, on whatever thread, that the connection is of no more use
     */
    Connection(UnixStream stream, Epoll epoll, long token, Runnable onEnd) throws LinuxException {
        this.stream = stream;
        this.epoll = epoll;
        this.token = token;
        this.onEnd = onEnd;
        epoll.add(fd().number(), EVENTS, token);
    }

    Fd fd() {
        return stream.fd();
    }

    /**
     * Sends a frame.
     *
     * @return whether it was taken; false if there is no room
     */
    boolean send(NetFrame frame) {
        if (full) {
            return false;
        }
        Fd fd = fd();
        if (!fd.retain()) {
            return true; // Closed beside us: the link is down.
        }
        try {
            return send(fd, frame.data());
        } finally {
            fd.release();
        }
    }

    private boolean send(Fd fd, Payload data) {
        long bytes = data.remaining();
        if (bytes > MAX_FRAME) {
            return true;
        }
        prefix.set(LENGTH, 0, (int) bytes);
        long sent = data.sendTo(fd.number(), prefix);
        if (sent == PREFIX + bytes) {
            return true;
        }
        if (sent == -Errno.EAGAIN) {
            waitForRoom(fd);
            return false;
        }
        if (sent >= 0) {
            keepRest(fd, data, (int) sent);
        } else if (sent != -Errno.EFAULT) {
            end("cannot be sent to: " + text((int) sent));
        }
        return true;
    }

    /** The frame is taken, but not all of it is sent: the driver's memory is not ours after this. */
    private void keepRest(Fd fd, Payload data, int sent) {
        int ofPrefix = Math.max(0, PREFIX - sent);
        MemorySegment.copy(prefix, PREFIX - ofPrefix, rest, 0, ofPrefix);
        long left = data.remaining();
        if (data.copyTo(rest, ofPrefix, left) != left) {
            end("got a part of a frame whose rest is no longer in the driver's memory");
            return;
        }
        restStart = 0;
        restEnd = ofPrefix + (int) left;
        waitForRoom(fd);
    }

    private void waitForRoom(Fd fd) {
        full = true;
        watch(fd, EVENTS | Epoll.EPOLLOUT);
    }

    private void watch(Fd fd, int events) {
        try {
            epoll.modify(fd.number(), events, token);
        } catch (LinuxException e) {
            end("cannot be waited for: " + e.getMessage());
        }
    }

    /** There is room: sends what is left of a frame. Returns whether there is room for more. On the backend's thread. */
    boolean goOn() {
        while (restStart < restEnd) {
            int sent = stream.send(rest.address() + restStart, restEnd - restStart);
            if (sent == -Errno.EAGAIN) {
                return false;
            }
            if (sent < 0) {
                end("cannot be sent to: " + text(sent));
                return false;
            }
            restStart += sent;
        }
        watch(fd(), EVENTS);
        full = false;
        return true;
    }

    boolean isFull() {
        return full;
    }

    /** The far end has sent a frame: it is one that speaks our protocol. */
    void hear() {
        if (!heard) {
            heard = true;
        }
    }

    boolean wasHeard() {
        return heard;
    }

    /**
     * Says that the connection is of no more use; the first reason counts. Any thread.
     *
     * @param why what the far end did, as the end of a sentence
     */
    void end(String why) {
        if (end == null) {
            end = why;
        }
        onEnd.run();
    }

    /** Returns why the connection is of no more use, or null. */
    String ended() {
        return end;
    }

    static String text(int errno) {
        return Errno.text(errno) + " (" + Errno.name(errno) + ")";
    }

    /** Closes the socket as soon as nobody is in a call with it. On the backend's thread. */
    void close() {
        stream.close();
    }
}
