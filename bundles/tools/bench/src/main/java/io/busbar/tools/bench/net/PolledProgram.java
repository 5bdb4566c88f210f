package io.busbar.tools.bench.net;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A program whose thread polls, or a guest; it says when it is ready, answers lines with lines, and ends with its input. */
final class PolledProgram implements AutoCloseable {

    private static final long END_SECONDS = 20;

    private final String name;
    private final Process process;
    private final PrintStream input;
    private final BufferedReader output;

    private PolledProgram(String name, Process process) {
        this.name = name;
        this.process = process;
        input = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
        output = process.inputReader(StandardCharsets.US_ASCII);
    }

    /**
     * Starts one.
     *
     * @param limit how long it may take until it is ready
     * @throws IOException if it ends before it is ready, or takes longer; the message has what it printed
     */
    static PolledProgram start(String name, List<String> command, Duration limit) throws IOException {
        PolledProgram program = new PolledProgram(name, new ProcessBuilder(command).redirectErrorStream(true).start());
        try {
            program.await(limit, "ready");
            return program;
        } catch (IOException e) {
            program.close();
            throw e;
        }
    }

    /**
     * Returns the next line that begins with one of some words; others are of DPDK, or of a kernel.
     *
     * @param limit how long that may take: then the program is ended
     * @throws IOException if it ends before, or takes longer; the message has what it printed
     */
    String await(Duration limit, String... words) throws IOException {
        AtomicBoolean late = new AtomicBoolean();
        CompletableFuture<Void> end = CompletableFuture.runAsync(() -> {
            late.set(true);
            process.destroyForcibly();
        }, CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS));
        StringBuilder others = new StringBuilder();
        try {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (Arrays.stream(words).anyMatch(line::startsWith)) {
                    return line;
                }
                others.append('\n').append(line);
            }
            String said = "\"" + String.join("\" or \"", words) + "\"";
            throw new IOException(late.get()
                    ? name + " did not say " + said + " within " + limit.toMillis() + " ms:" + others
                    : name + " has ended before it said " + said + ":" + others);
        } finally {
            end.cancel(false);
        }
    }

    void say(String line) {
        input.println(line);
    }

    /** Ends it, and waits for its end. */
    @Override
    public void close() {
        input.close();
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
