package io.busbar.runtime;

import io.busbar.runtime.client.StatePaths;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The state of one running Busbar: a directory that only its owner can read, held by a lock for as long as the process
 * lives.
 *
 * <pre>
 * STATE/INSTANCE/lock           held while the instance runs; never removed
 *                busbar.pid     process id, while it runs
 *                control.sock   the commands from outside
 *                log/           busbar.0.log is the newest
 *                conf/          the user's own configurations, PID -> properties
 *                devices        what was added by command (written by the bus)
 *                bundles/       copies of what was installed (written by io.busbar.tools.plug)
 *                deploy/        bundles that come and go by their files
 *                sockets/       devices' sockets, if no other directory was asked for
 *                framework/     bundle cache, made anew at each start; framework-PID/ of a process that took over
 * </pre>
 */
final class Instance implements AutoCloseable {
    /** The longest path of a Unix socket: sun_path of struct sockaddr_un without its final zero byte. */
    static final int MAX_SOCKET_PATH = 107;

    private static final String FRAMEWORK = "framework";
    private static final long PREDECESSOR_NANOS = 30_000_000_000L;
    private static final long POLL_MILLIS = 10;
    private static final String STATE = "the state directory";
    private static final String CHOOSE = "expected one that can be written to: choose another by BUSBAR_STATE_DIR";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

    private final String name;
    private final Path directory;
    private final Path frameworkCache;
    private FileChannel lockChannel;

    private Instance(String name, Path directory, String frameworkCache) {
        this.name = name;
        this.directory = directory;
        this.frameworkCache = directory.resolve(frameworkCache);
    }

    /**
     * Makes the directory if it is not there, and locks it.
     *
     * @param root the directory of all instances
     * @param name the instance's name
     * @throws UsageException if the name is not one, the instance is running, its control socket's path would be too
     *     long, or the directory cannot be made or written to
     */
    static Instance open(Path root, String name) throws UsageException {
        var instance = in(root, name, FRAMEWORK);
        try {
            instance.lock();
            instance.removeFormerFrameworks();
        } catch (IOException e) {
            throw cannotBeWritten(instance.directory, e);
        }
        return instance;
    }

    /**
     * The instance of a Busbar that runs, for the one that takes it over; not locked until {@link #takeOver}.
     *
     * @param root as for {@link #open}
     * @param name as for {@link #open}
     */
    static Instance successor(Path root, String name) throws UsageException {
        return in(root, name, FRAMEWORK + "-" + ProcessHandle.current().pid());
    }

    private static Instance in(Path root, String name, String frameworkCache) throws UsageException {
        if (!NAME.matcher(name).matches()) {
            throw new UsageException("\"" + name + "\" is no name for an instance: letters, digits, '_', '.' and '-' were"
                    + " expected, at most 64, the first a letter or digit");
        }
        var directory = root.resolve(name);
        var control = StatePaths.controlSocket(root, name);
        if (control.toString().getBytes().length > MAX_SOCKET_PATH) {
            throw new UsageException("the path " + control + " is too long for a Unix socket, at most " + MAX_SOCKET_PATH
                    + " bytes were expected: choose a shorter --state-dir or --instance");
        }
        WritableDirectory.require(STATE, directory, CHOOSE);
        return new Instance(name, directory, frameworkCache);
    }

    private static UsageException cannotBeWritten(Path directory, IOException why) {
        return new UsageException(STATE + " " + directory + " cannot be written to: " + WritableDirectory.why(why) + "; " + CHOOSE);
    }

    private void lock() throws UsageException, IOException {
        if (!tryLock()) {
            var pid = readPid(directory.resolve("busbar.pid"));
            throw new UsageException("instance \"" + name + "\" is already running"
                    + pid.map(p -> " (process " + p + ")").orElse("") + ": stop it, or choose another --instance");
        }
    }

    private boolean tryLock() throws IOException {
        var channel = FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
        var locked = false;
        try {
            locked = channel.tryLock() != null;
            if (locked) {
                Files.writeString(directory.resolve("busbar.pid"), ProcessHandle.current().pid() + "\n");
                lockChannel = channel;
            }
            return locked;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    /**
     * Locks it, once the process that had it has ended.
     *
     * @throws IOException if it has not in time, or the lock cannot be had
     */
    void takeOver() throws IOException, InterruptedException {
        var deadline = System.nanoTime() + PREDECESSOR_NANOS;
        while (!tryLock()) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("the process that handed its devices over has not ended");
            }
            Thread.sleep(POLL_MILLIS);
        }
        removeFormerFrameworks();
    }

    /** Each process has its framework's files for itself; who has the lock is the only one that is left. */
    private void removeFormerFrameworks() throws IOException {
        try (var found = Files.newDirectoryStream(directory, FRAMEWORK + "*")) {
            for (Path former : found) {
                if (!former.equals(frameworkCache)) {
                    deleteAll(former);
                }
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static Optional<Long> readPid(Path file) {
        try {
            return Optional.of(Long.valueOf(Files.readString(file).strip()));
        } catch (IOException | NumberFormatException _) {
            return Optional.empty();
        }
    }

    String name() {
        return name;
    }

    Path directory() {
        return directory;
    }

    Path controlSocket() {
        return StatePaths.controlSocket(directory.getParent(), name);
    }

    Path frameworkCache() {
        return frameworkCache;
    }

    Path defaultSocketDir() {
        return directory.resolve("sockets");
    }

    Path conf() {
        return directory.resolve("conf");
    }

    /** The bus's list of the devices that come back; there is none before the first was added. */
    Path devices() {
        return directory.resolve("devices");
    }

    Path log() {
        return directory.resolve("log");
    }

    /** Returns whether it is this process's, and no other's. */
    boolean isLocked() {
        return lockChannel != null;
    }

    /** Removes the process id and gives the lock back, if it is held. */
    @Override
    public void close() throws IOException {
        if (lockChannel != null) {
            Files.deleteIfExists(directory.resolve("busbar.pid"));
            lockChannel.close();
        }
    }
}
