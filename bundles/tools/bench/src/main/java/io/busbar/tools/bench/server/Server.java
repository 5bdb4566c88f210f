package io.busbar.tools.bench.server;

import io.busbar.core.linux.UnixStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A program that serves devices, as a process of its own that ends with this one. What it prints goes to a file, and is
 * shown when it fails.
 */
public final class Server implements AutoCloseable {

    private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long END_SECONDS = 10;
    private static final long POLL_MILLIS = 10;

    private final String name;
    private final Process process;
    private final Path output;
    private final Thread atExit;

    private Server(String name, Process process, Path output) {
        this.name = name;
        this.process = process;
        this.output = output;
        this.atExit = new Thread(process::destroy, "end-" + name);
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Starts a program.
     *
     * @param name        for messages
     * @param command     program and arguments
     * @param environment in addition to ours
     * @param output      a new file for what it prints
     * @return the program, which runs
     * @throws IOException if it cannot be started
     */
    public static Server start(String name, List<String> command, Map<String, String> environment, Path output)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        return new Server(name, builder.start(), output);
    }

    /**
     * Waits until somebody accepts connections at a socket.
     *
     * @param socket its path
     * @throws IOException if the program ends before, or it takes too long; the message has what it printed
     */
    public void awaitSocket(Path socket) throws IOException, InterruptedException {
        await("listen at " + socket, () -> {
            try {
                UnixStream.connect(socket, 0).close();
                return true;
            } catch (IOException notYet) {
                return false;
            }
        });
    }

    /**
     * Waits until it has printed a line that begins with a word.
     *
     * @param word the word
     * @throws IOException if the program ends before, or it takes too long; the message has what it printed
     */
    public void awaitLine(String word) throws IOException, InterruptedException {
        await("print \"" + word + "\"", () -> printed().lines().anyMatch(line -> line.startsWith(word)));
    }

    private void await(String what, BooleanSupplier condition) throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (!process.isAlive()) {
                throw new IOException(name + " ended with status " + process.exitValue() + ": " + printed().strip());
            }
            if (System.nanoTime() - start > READY_NANOS) {
                throw new IOException(name + " did not " + what + " within "
                        + TimeUnit.NANOSECONDS.toSeconds(READY_NANOS) + " s: " + printed().strip());
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private String printed() {
        try {
            return Files.readString(output);
        } catch (IOException unreadable) {
            return "";
        }
    }

    /** Ends it, and waits for its end. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } catch (IllegalStateException shuttingDown) {
            // The hook does it.
        }
    }
}
