package io.busbar.backends.socket;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.DescriptorThread;
import io.busbar.core.linux.DescriptorThread.Watch;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.StreamIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One port: a socket that listens, and the one connection that reads and types. Who comes while it is there is told so and
 * sent away; when it has ended its side, or has gone, the next one takes its place. What it sent before is read first, from
 * the one who left last; of an earlier one it is dropped.
 *
 * <p>Threads: connections come and go on the backend's thread; {@link #write} and {@link #read} are called on the queues'.
 */
final class SocketPort {

    private static final Logger LOG = LoggerFactory.getLogger(SocketPort.class);
    private static final int CHANGES = Epoll.EPOLLIN | Epoll.EPOLLOUT | Epoll.EPOLLRDHUP | Epoll.EPOLLET;
    private static final int BROKEN = Epoll.EPOLLHUP | Epoll.EPOLLERR;

    private final int port;
    private final Endpoint endpoint;
    private final BackendContext context;
    private final DescriptorThread thread;
    private Watch listening;
    private int visits;
    private volatile Visit current;
    private volatile Visit leaving;
    /** The thread's: who comes and goes waits, as another process has the sockets too. */
    private boolean waiting;

    SocketPort(int port, Endpoint endpoint, BackendContext context, DescriptorThread thread) {
        this.port = port;
        this.endpoint = endpoint;
        this.context = context;
        this.thread = thread;
    }

    String address() {
        return endpoint.address();
    }

    void start() throws LinuxException {
        listening = thread.watch(endpoint.fd().number(), Epoll.EPOLLIN | Epoll.EPOLLET, events -> accept());
    }

    /** Goes on from where the port of another process is; nothing is noticed before {@link #goOn()}. */
    void start(PortState before) throws LinuxException {
        waiting = true;
        visits = before.visits();
        if (before.leaving().isPresent()) {
            leaving = visit(before.leaving().get());
            leaving.markGone();
        }
        if (before.current().isPresent()) {
            Visit visit = visit(before.current().get());
            current = visit;
            visit.watch(thread.watch(visit.fd().number(), CHANGES, events -> changed(visit, events)));
        }
        start();
    }

    private static Visit visit(PortState.Connected connected) {
        return new Visit(connected.fd(), connected.number());
    }

    // The queues' threads

    long write(MemorySegment bytes, long offset, long length) {
        Visit now = current;
        if (now == null) {
            return 0;
        }
        long taken = now.write(bytes, offset, length);
        if (taken < 0) {
            now.markGone();
            thread.execute(() -> settle(now));
            return 0;
        }
        return taken;
    }

    long read(Payload into) {
        Visit before = leaving;
        Visit now = current;
        long got = before == null ? 0 : read(before, into);
        return got != 0 || now == null ? got : read(now, into);
    }

    private long read(Visit visit, Payload into) {
        boolean drained = visit.isDrained();
        long got = visit.read(into);
        if (visit.isDrained() && !drained) {
            thread.execute(() -> settle(visit));
        }
        return got;
    }

    int visitor() {
        Visit now = current;
        return now == null || now.isGone() ? ConsoleBackend.NOBODY : now.number();
    }

    // The backend's thread

    /** From now on who comes and goes waits. */
    PortState handOver() {
        waiting = true;
        return new PortState(visits, endpoint.fd(), connected(current), connected(leaving));
    }

    private static Optional<PortState.Connected> connected(Visit visit) {
        return Optional.ofNullable(visit).map(there -> new PortState.Connected(there.number(), there.fd()));
    }

    void goOn() {
        waiting = false;
        for (Visit visit : Arrays.asList(current, leaving)) {
            if (visit != null) {
                settle(visit);
            }
        }
        accept();
    }

    private void accept() {
        if (waiting) {
            return;
        }
        try {
            for (Optional<Fd> next = endpoint.accept(); next.isPresent(); next = endpoint.accept()) {
                welcome(next.get());
            }
        } catch (LinuxException e) {
            LOG.warn("{}: a connection to its console was not accepted: {}", context.deviceName(), e.getMessage());
        }
    }

    private void welcome(Fd fd) throws LinuxException {
        Visit before = current;
        if (before != null && !before.mayBeReplaced()) {
            sendAway(fd);
            return;
        }
        if (before != null) {
            letGo(before);
        }
        Visit visit = new Visit(fd, ++visits);
        current = visit;
        visit.watch(thread.watch(fd.number(), CHANGES, events -> changed(visit, events)));
        context.infoChanged();
        context.readable(port);
    }

    private void sendAway(Fd fd) {
        try (fd; Arena arena = Arena.ofConfined()) {
            byte[] text = ("somebody else is connected to " + context.deviceName() + "\r\n")
                    .getBytes(StandardCharsets.UTF_8);
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, text);
            StreamIo.write(fd.number(), bytes, 0, text.length);
        }
    }

    /** Keeps one that has gone for as long as the driver has not read what it sent. */
    private void letGo(Visit visit) {
        visit.markGone();
        StreamIo.endOutput(visit.fd().number());
        Visit earlier = leaving;
        leaving = visit;
        if (earlier != null) {
            earlier.close();
        }
    }

    private void changed(Visit visit, int events) {
        if ((events & Epoll.EPOLLRDHUP) != 0) {
            visit.markEnding();
        }
        if ((events & BROKEN) != 0) {
            visit.markGone();
        }
        settle(visit);
        context.readable(port);
        context.writable(port);
    }

    /** Takes note of one that has gone; it is closed when all that it sent was read. */
    private void settle(Visit visit) {
        if (waiting) {
            return;
        }
        boolean told = visit.isGone() && visit == current;
        if (told) {
            current = null;
            letGo(visit);
        }
        if (visit == leaving && visit.isDrained()) {
            leaving = null;
            visit.close();
        }
        if (told) {
            context.infoChanged();
        }
    }

    /** Ends it; nothing else uses it any more. */
    void close() {
        if (listening != null) {
            listening.close();
        }
        if (waiting) {
            endpoint.fd().close(); // The file is the other process's.
        } else {
            endpoint.close();
        }
        Visit now = current;
        Visit before = leaving;
        if (now != null) {
            now.close();
        }
        if (before != null) {
            before.close();
        }
    }
}
