package io.busbar.backends.stream;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.SocketInUseException;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a connection with a far end, one at a time, in a thread of its own: connects again when it is lost, at longer and
 * longer distances while nothing comes of it, or waits for the next one that connects.
 */
final class FarEnd implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(FarEnd.class);
    private static final int FIRST_PAUSE_MILLIS = 50;
    private static final int LAST_PAUSE_MILLIS = 2000;
    private static final long END_MILLIS = TimeUnit.SECONDS.toMillis(5);

    private static final long WAKE = 0;
    private static final long LISTENER = 1;
    /** Connections are counted from here on, so that a late event is not taken for one of the next. */
    private static final long FIRST_CONNECTION = 2;

    private final BackendContext context;
    private final Path path;
    private final boolean listens;
    private final Epoll epoll;
    private final Epoll readable;
    private final Fd wake;
    private final Thread thread;
    private UnixListener listener;
    private boolean listenerPaused;
    private int pauseMillis = FIRST_PAUSE_MILLIS;
    /** When it is tried again, whatever wakes the thread before. */
    private long nextTryNanos = System.nanoTime();
    private long token = FIRST_CONNECTION;
    private volatile Connection connection;
    private volatile String trouble;
    private volatile boolean ending;

    private FarEnd(BackendContext context, Path path, boolean listens) throws LinuxException {
        this.context = context;
        this.path = path;
        this.listens = listens;
        this.trouble = listens ? "nobody has connected to " + path : "nobody listens at " + path;
        epoll = Epoll.create();
        readable = Epoll.create();
        wake = EventFd.create();
        epoll.add(wake.number(), Epoll.EPOLLIN | Epoll.EPOLLET, WAKE);
        thread = Thread.ofPlatform().daemon().name("busbar-" + context.deviceName() + "-stream").unstarted(this::run);
    }

    /** Begins: listens, or tries to connect once, and goes on in its thread. */
    static FarEnd open(BackendContext context) throws BackendException {
        Path path = Path.of(context.settings().required("path"));
        boolean listens = context.settings().flag("listen", false);
        requireSocket(path);
        FarEnd farEnd = null;
        try {
            farEnd = new FarEnd(context, path, listens);
            farEnd.begin();
            return farEnd;
        } catch (LinuxException e) {
            if (farEnd != null) {
                farEnd.closeDescriptors();
            }
            throw new BackendException(kind(e), "path " + path + ": " + e.getMessage(), e);
        }
    }

    private static void requireSocket(Path path) throws BackendException {
        if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) || Files.isDirectory(path)) {
            throw new BackendException(Kind.CONFIG_INVALID,
                    "path " + path + ": there is a " + (Files.isDirectory(path) ? "folder" : "file") + ", expected a socket, or nothing");
        }
    }

    private static Kind kind(LinuxException e) {
        if (e instanceof SocketInUseException) {
            return Kind.IN_USE;
        }
        return switch (e.errno()) {
            case Errno.EACCES, Errno.EPERM -> Kind.PERMISSION;
            case Errno.ENAMETOOLONG, Errno.EEXIST, Errno.ENOTDIR -> Kind.CONFIG_INVALID;
            case Errno.ENOENT -> Kind.NOT_FOUND;
            default -> Kind.FAILED;
        };
    }

    private void begin() throws LinuxException {
        if (listens) {
            listener = UnixListener.bind(path);
            epoll.add(listener.fd().number(), Epoll.EPOLLIN, LISTENER);
        } else {
            try {
                use(UnixStream.connect(path, 0));
            } catch (LinuxException e) {
                if (!mayPass(e.errno())) {
                    throw e;
                }
                notConnected(e);
            }
        }
        thread.start();
    }

    /** What is so before a far end is started, or while it is busy. */
    private static boolean mayPass(int errno) {
        return errno == Errno.ENOENT || errno == Errno.ECONNREFUSED || errno == Errno.EAGAIN;
    }

    /** Returns the connection, or null while nobody is there. Any thread. */
    Connection connection() {
        return connection;
    }

    /** Returns why nobody is there, for the user. Any thread. */
    String trouble() {
        return trouble;
    }

    /** Returns a descriptor that is readable when the connection is. Any thread. */
    int readable() {
        return readable.fd().number();
    }

    private void run() {
        while (!ending) {
            int events = epoll.await(timeoutMillis());
            if (events < 0) {
                LOG.error("{}: {} is given up: {}", context.deviceName(), path, Connection.text(events));
                context.failed("path " + path + ": cannot be waited for");
                return;
            }
            for (int i = 0; i < events && !ending; i++) {
                handle(epoll.token(i), epoll.events(i));
            }
            if (!ending) {
                look();
            }
        }
    }

    private int timeoutMillis() {
        boolean tries = connection == null && !listens || listenerPaused;
        return tries ? (int) Math.max(0, TimeUnit.NANOSECONDS.toMillis(nextTryNanos - System.nanoTime() + 999_999)) : -1;
    }

    private void pause(int millis) {
        pauseMillis = Math.min(LAST_PAUSE_MILLIS, millis);
        nextTryNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMillis);
    }

    private boolean isTime() {
        return System.nanoTime() - nextTryNanos >= 0;
    }

    private void handle(long event, int events) {
        Connection now = connection;
        if (event == LISTENER) {
            accept();
        } else if (event == token && now != null) {
            if ((events & (Epoll.EPOLLRDHUP | Epoll.EPOLLHUP | Epoll.EPOLLERR)) != 0) {
                now.end("has closed the connection");
            } else if (now.isFull() && now.goOn()) {
                context.writable(0);
            }
        }
    }

    /** Lets a connection go that has ended, and tries to get another. */
    private void look() {
        Connection now = connection;
        if (now != null && now.ended() != null) {
            lose(now);
        } else if (listenerPaused && isTime()) {
            resumeListener();
        } else if (now == null && !listens && isTime()) {
            connect();
        }
    }

    private void connect() {
        try {
            use(UnixStream.connect(path, 0));
            connected();
        } catch (LinuxException e) {
            pause(2 * pauseMillis);
            notConnected(e);
        }
    }

    private void notConnected(LinuxException e) {
        String before = trouble;
        trouble = mayPass(e.errno())
                ? "nobody listens at " + path + " (" + Errno.name(e.errno()) + "): it is tried again every "
                        + LAST_PAUSE_MILLIS / 1000 + " s"
                : "path " + path + ": " + e.getMessage();
        if (!trouble.equals(before)) {
            LOG.debug("{}: {}", context.deviceName(), trouble);
        }
    }

    /** One at a time: others are turned away. */
    private void accept() {
        try {
            Optional<UnixStream> waiting = listener.accept();
            if (waiting.isEmpty()) {
                return;
            }
            Connection now = connection;
            if (now != null && now.ended() == null) {
                waiting.get().close();
                return;
            }
            if (now != null) {
                lose(now);
            }
            use(waiting.get());
            connected();
        } catch (LinuxException e) {
            LOG.warn("{}: nobody is accepted at {} for a while: {}", context.deviceName(), path, e.getMessage());
            pauseListener();
        }
    }

    /** Without a descriptor left the waiting connection would be reported again and again. */
    private void pauseListener() {
        try {
            epoll.modify(listener.fd().number(), 0, LISTENER);
            pause(LAST_PAUSE_MILLIS);
            listenerPaused = true;
        } catch (LinuxException e) {
            LOG.error("{}: nobody is accepted at {} any more", context.deviceName(), path, e);
        }
    }

    private void resumeListener() {
        listenerPaused = false;
        try {
            epoll.modify(listener.fd().number(), Epoll.EPOLLIN, LISTENER);
        } catch (LinuxException e) {
            LOG.error("{}: nobody is accepted at {} any more", context.deviceName(), path, e);
        }
    }

    private void use(UnixStream stream) throws LinuxException {
        try {
            Connection next = new Connection(stream, epoll, ++token, () -> EventFd.signal(wake.number()));
            connection = next;
            // After it can be seen: who is woken by what waits there already finds it.
            readable.add(stream.fd().number(), Epoll.EPOLLIN, token);
        } catch (LinuxException e) {
            connection = null;
            stream.close();
            throw e;
        }
    }

    private void connected() {
        LOG.info("{}: connected {} {}", context.deviceName(), listens ? "at" : "to", path);
        context.infoChanged();
        context.readable(0);
    }

    private void lose(Connection lost) {
        pause(lost.wasHeard() ? FIRST_PAUSE_MILLIS : 2 * pauseMillis);
        trouble = "the far end at " + path + " " + lost.ended();
        LOG.info("{}: {}", context.deviceName(), trouble);
        connection = null;
        lost.close();
        context.infoChanged();
        context.writable(0); // What waits for room goes the way of all frames without a link.
    }

    /** Ends the connection and the thread. */
    @Override
    public void close() {
        ending = true;
        EventFd.signal(wake.number());
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        closeDescriptors();
    }

    private void closeDescriptors() {
        Connection last = connection;
        connection = null;
        if (last != null) {
            last.close();
        }
        if (listener != null) {
            listener.close();
        }
        epoll.close();
        readable.close();
        wake.close();
    }
}
