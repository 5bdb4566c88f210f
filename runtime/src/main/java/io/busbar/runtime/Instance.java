package io.busbar.runtime;

import io.busbar.runtime.client.StatePaths;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
 *                framework/     bundle cache, made anew at each start
 * </pre>
 */
final class Instance implements AutoCloseable {
    /** The longest path of a Unix socket: sun_path of struct sockaddr_un without its final zero byte. */
    static final int MAX_SOCKET_PATH = 107;

    private static final String STATE = "the state directory";
    private static final String CHOOSE = "expected one that can be written to: choose another by BUSBAR_STATE_DIR";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

    private final String name;
    private final Path directory;
    private final FileChannel lockChannel;
    private final FileLock lock;

    private Instance(String name, Path directory, FileChannel lockChannel, FileLock lock) {
        this.name = name;
        this.directory = directory;
        this.lockChannel = lockChannel;
        this.lock = lock;
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
        try {
            return lock(name, directory);
        } catch (IOException e) {
            throw new UsageException(STATE + " " + directory + " cannot be written to: " + WritableDirectory.why(e)
                    + "; " + CHOOSE);
        }
    }

    private static Instance lock(String name, Path directory) throws UsageException, IOException {
        var channel = FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
        try {
            var lock = channel.tryLock();
            if (lock == null) {
                var pid = readPid(directory.resolve("busbar.pid"));
                throw new UsageException("instance \"" + name + "\" is already running"
                        + pid.map(p -> " (process " + p + ")").orElse("") + ": stop it, or choose another --instance");
            }
            Files.writeString(directory.resolve("busbar.pid"), ProcessHandle.current().pid() + "\n");
            return new Instance(name, directory, channel, lock);
        } catch (UsageException | IOException | RuntimeException e) {
            channel.close();
            throw e;
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
        return directory.resolve("framework");
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

    /** Removes the process id and gives the lock back. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory.resolve("busbar.pid"));
        lock.release();
        lockChannel.close();
    }
}
