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
import java.util.concurrent.atomic.AtomicInteger;
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
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    private final Path path;
    private final Object fileKey;
    private final ServerSocketChannel server;
    private final Session.Factory sessions;
    private final Map<Thread, LineChannel> clients = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();

    private ControlServer(Path path, Object fileKey, ServerSocketChannel server, Session.Factory sessions) {
        this.path = path;
        this.fileKey = fileKey;
        this.server = server;
        this.sessions = sessions;
    }

    /**
     * Listens. Takes the place of a socket on which nobody listens.
     *
     * @param path     where; readable by the owner alone
     * @param sessions what stands behind the connections
     * @throws IOException if the path is too long, somebody listens there, or it cannot be made
     */
    public static ControlServer open(Path path, Session.Factory sessions) throws IOException {
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
            ControlServer opened = new ControlServer(path, fileKey(path), channel, sessions);
            thread(opened::accept, "busbar-control").start();
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

    private static Thread thread(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                serve(server.accept());
            } catch (IOException e) {
                if (server.isOpen()) {
                    LOG.warn("a control connection was not accepted", e);
                }
            }
        }
    }

    private void serve(SocketChannel channel) throws IOException {
        LineChannel lines;
        try {
            lines = new LineChannel(channel, MAX_LINE_BYTES, WRITE_DEADLINE);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        Connection connection = new Connection(lines, sessions);
        if (clients.size() >= MAX_CONNECTIONS) {
            connection.refuse("too many connections: at most " + MAX_CONNECTIONS + " are served");
            return;
        }
        Thread thread = thread(() -> run(connection), "busbar-control-" + count.incrementAndGet());
        // Together: who closes waits for threads, and one that has not begun cannot be waited for.
        synchronized (clients) {
            clients.put(thread, lines);
            thread.start();
        }
        if (!server.isOpen()) {
            lines.close();
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
