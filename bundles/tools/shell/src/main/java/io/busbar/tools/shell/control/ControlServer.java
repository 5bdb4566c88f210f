package io.busbar.tools.shell.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on the control socket: one platform thread that accepts, and one for each client, as commands call into native
 * code. All are daemons, and end with their connection.
 */
public final class ControlServer implements AutoCloseable {

    /** Most bytes of a request. */
    public static final int MAX_LINE_BYTES = 256 * 1024;

    /** Most clients at a time. */
    public static final int MAX_CONNECTIONS = 64;

    /** {@code sun_path} of {@code struct sockaddr_un} without its final zero byte. */
    private static final int MAX_PATH_BYTES = 107;

    private static final Duration WRITE_DEADLINE = Duration.ofSeconds(10);
    private static final Duration END_DEADLINE = Duration.ofSeconds(2);

    /** How long nobody is accepted after that failed: who waits stays in the queue of the listening socket. */
    private static final long ACCEPT_PAUSE_MILLIS = 200;

    private static final String NOT_ACCEPTED = "a control connection was not accepted, which is tried again";
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    private final Path path;
    private final Object fileKey;
    private final ServerSocketChannel server;
    private final Session.Factory sessions;
    private final ThreadFactory threads;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<Thread, LineChannel> clients = new ConcurrentHashMap<>();

    private ControlServer(
            Path path, Object fileKey, ServerSocketChannel server, Session.Factory sessions, ThreadFactory threads) {
        this.path = path;
        this.fileKey = fileKey;
        this.server = server;
        this.sessions = sessions;
        this.threads = threads;
    }

    /**
     * Listens. Takes the place of a socket on which nobody listens.
     *
     * @param path     where; readable by the owner alone
     * @param sessions what stands behind the connections
     * @throws IOException if the path is too long, somebody listens there, or it cannot be made
     */
    public static ControlServer open(Path path, Session.Factory sessions) throws IOException {
        return open(path, sessions, Thread.ofPlatform().daemon().name("busbar-control-", 1).factory());
    }

    /** As the other one, but clients are served by threads of this factory. */
    static ControlServer open(Path path, Session.Factory sessions, ThreadFactory threads) throws IOException {
        if (path.toString().getBytes().length > MAX_PATH_BYTES) {
            throw new IOException("the path is too long for a Unix socket: at most " + MAX_PATH_BYTES
                    + " bytes were expected");
        }
        if (Files.exists(path) && somebodyListens(path)) {
            throw new IOException("somebody listens there already");
        }
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            bindPrivately(channel, path);
            ControlServer opened = new ControlServer(path, fileKey(path), channel, sessions, threads);
            Thread.ofPlatform().daemon().name("busbar-control").start(opened::accept);
            return opened;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Binds under another name first: nobody may connect before the mode is set. */
    private static void bindPrivately(ServerSocketChannel channel, Path path) throws IOException {
        Path directory = Objects.requireNonNull(path.toAbsolutePath().getParent(), "directory");
        Path fresh = directory.resolve("." + Long.toString(System.nanoTime() & 0xff_ffff, Character.MAX_RADIX));
        channel.bind(UnixDomainSocketAddress.of(fresh));
        try {
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("cannot take the place of what is there", e);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private static boolean somebodyListens(Path path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException _) {
            return false;
        }
    }

    private static Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    /** Goes on whatever happens: nobody could give commands any more without it. */
    private void accept() {
        boolean failing = false;
        while (server.isOpen()) {
            try {
                serve(server.accept());
                failing = false;
            } catch (IOException | RuntimeException | Error e) {
                if (server.isOpen() && !failing) {
                    LOG.warn(NOT_ACCEPTED, e);
                }
                failing = true;
                pause();
            }
        }
    }

    /** Without a descriptor or thread left the next try fails as well, at once. */
    private void pause() {
        try {
            closed.await(ACCEPT_PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            LOG.debug("nobody interrupts the thread that accepts");
        }
    }

    private void serve(SocketChannel channel) throws IOException {
        LineChannel lines = lines(channel);
        Connection connection = new Connection(lines, sessions);
        if (clients.size() >= MAX_CONNECTIONS) {
            connection.refuse("too many connections: at most " + MAX_CONNECTIONS + " are served");
            return;
        }
        start(connection, lines);
        if (!server.isOpen()) {
            lines.close();
        }
    }

    /** A client that was accepted with the last descriptor waits for those that it needs beside it. */
    private LineChannel lines(SocketChannel channel) throws IOException {
        boolean failing = false;
        try {
            while (true) {
                try {
                    return new LineChannel(channel, MAX_LINE_BYTES, WRITE_DEADLINE);
                } catch (IOException e) {
                    if (!server.isOpen()) {
                        throw e;
                    }
                    if (!failing) {
                        LOG.warn(NOT_ACCEPTED, e);
                    }
                    failing = true;
                    pause();
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    private void start(Connection connection, LineChannel lines) throws IOException {
        Thread thread = threads.newThread(() -> run(connection));
        try {
            // Together: who closes waits for threads, and one that has not begun cannot be waited for.
            synchronized (clients) {
                clients.put(thread, lines);
                thread.start();
            }
        } catch (RuntimeException | Error e) {
            clients.remove(thread);
            lines.close();
            throw e;
        }
    }

    private void run(Connection connection) {
        try {
            connection.run();
        } finally {
            clients.remove(Thread.currentThread());
        }
    }

    /** Stops listening, ends the connections, and gives commands that run two seconds to end. */
    @Override
    public void close() throws IOException {
        server.close();
        closed.countDown();
        if (Files.exists(path) && Objects.equals(fileKey, fileKey(path))) {
            Files.deleteIfExists(path);
        }
        for (LineChannel client : clients.values()) {
            client.close();
        }
        long deadline = System.nanoTime() + END_DEADLINE.toNanos();
        for (Thread client : threads()) {
            awaitEnd(client, deadline - System.nanoTime());
        }
    }

    private List<Thread> threads() {
        synchronized (clients) {
            return List.copyOf(clients.keySet());
        }
    }

    private static void awaitEnd(Thread client, long nanos) {
        // A command may stop the bundle that runs it.
        if (client == Thread.currentThread()) {
            return;
        }
        try {
            if (!client.join(Duration.ofNanos(Math.max(0, nanos)))) {
                LOG.warn("{} still runs a command", client.getName());
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
