package io.busbar.backends.pty;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.memory.Payload;
import io.busbar.core.linux.DescriptorThread;
import io.busbar.core.linux.DescriptorThread.Watch;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.OpenWatch;
import io.busbar.core.linux.PseudoTerminal;
import io.busbar.core.linux.StreamIo;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One port: a pseudo-terminal.
 *
 * <p>Threads: who opens and closes the terminal is noticed on the backend's thread; {@link #write} and {@link #read} are called on
 * the queues', which wait for the terminal's own descriptor.
 */
final class PtyPort {

    private static final Logger LOG = LoggerFactory.getLogger(PtyPort.class);
    private static final int COLUMNS_SHIFT = 16;
    private static final int ROWS_MASK = 0xffff;

    private final int port;
    private final BackendContext context;
    private final DescriptorThread thread;
    private final PseudoTerminal terminal;
    private final OpenWatch opens;
    private final List<Watch> watches = new ArrayList<>();
    private int visits;
    private volatile int visitor = ConsoleBackend.NOBODY;
    private volatile int size;
    /** The thread's: who comes and goes waits, as another process has the terminal too. */
    private boolean waiting;

    private PtyPort(
            int port, BackendContext context, DescriptorThread thread, PseudoTerminal terminal, OpenWatch opens) {
        this.port = port;
        this.context = context;
        this.thread = thread;
        this.terminal = terminal;
        this.opens = opens;
    }

    /** Makes the terminal. */
    static PtyPort open(int port, BackendContext context, DescriptorThread thread) throws LinuxException {
        return of(port, context, thread, PseudoTerminal.open()).watch();
    }

    /** Takes over the terminal of another process, with who is there; nothing is noticed before {@link #goOn()}. */
    static PtyPort adopt(int port, BackendContext context, DescriptorThread thread, PortState before) throws LinuxException {
        PtyPort adopted = of(port, context, thread, PseudoTerminal.adopt(Fd.own(before.descriptor())));
        adopted.waiting = true;
        adopted.visits = before.visits();
        adopted.visitor = before.visitor();
        adopted.size = adopted.terminal.size();
        return adopted.watch();
    }

    private static PtyPort of(int port, BackendContext context, DescriptorThread thread, PseudoTerminal terminal)
            throws LinuxException {
        try {
            return new PtyPort(port, context, thread, terminal, OpenWatch.of(terminal.path()));
        } catch (LinuxException e) {
            terminal.close();
            throw e;
        }
    }

    private PtyPort watch() throws LinuxException {
        try {
            watches.add(thread.watch(opens.fd().number(), Epoll.EPOLLIN, events -> opened()));
            // Hang-ups come without being asked for.
            watches.add(thread.watch(terminal.fd().number(), Epoll.EPOLLET, events -> look()));
            return this;
        } catch (LinuxException e) {
            close();
            throw e;
        }
    }

    Path path() {
        return terminal.path();
    }

    /** Returns our end of the terminal, non-blocking. */
    int descriptor() {
        return terminal.fd().number();
    }

    // The queues' threads

    long write(MemorySegment bytes, long offset, long length) {
        return Math.max(0, StreamIo.write(terminal.fd().number(), bytes, offset, length));
    }

    /** Reads; whoever types may have another size of terminal than before. */
    long read(Payload into) {
        long got = into.receiveFrom(terminal.fd().number());
        if (got <= 0) {
            return got == -Errno.EFAULT ? got : 0;
        }
        if (terminal.size() != size) {
            thread.execute(this::lookAtSize);
        }
        return got;
    }

    int visitor() {
        return visitor;
    }

    Optional<ConsoleSize> size() {
        int now = size;
        return now == 0
                ? Optional.empty()
                : Optional.of(new ConsoleSize(now >>> COLUMNS_SHIFT, now & ROWS_MASK));
    }

    // The backend's thread

    private void opened() {
        opens.drain();
        look();
    }

    private void look() {
        if (waiting) {
            return;
        }
        boolean used = terminal.isUsed();
        boolean known = visitor != ConsoleBackend.NOBODY;
        if (used != known) {
            visitor = used ? ++visits : ConsoleBackend.NOBODY;
            if (!used) {
                discard();
            }
            size = terminal.size();
            context.infoChanged();
            context.readable(port);
        } else {
            lookAtSize();
        }
    }

    /** From now on who comes and goes waits. */
    PortState handOver() {
        waiting = true;
        return new PortState(visits, visitor, terminal.fd().number());
    }

    void goOn() {
        waiting = false;
        look();
    }

    /** What the one who has left did not read is not for the next, who is shown the scrollback. */
    private void discard() {
        try {
            terminal.discard();
        } catch (LinuxException e) {
            LOG.debug("{}: {} keeps what was not read: {}", context.deviceName(), terminal.path(), e.getMessage());
        }
    }

    private void lookAtSize() {
        int now = terminal.size();
        if (now != size) {
            size = now;
            context.infoChanged();
        }
    }

    /** Ends it; nothing else uses it any more. */
    void close() {
        watches.forEach(Watch::close);
        opens.close();
        terminal.close();
    }
}
