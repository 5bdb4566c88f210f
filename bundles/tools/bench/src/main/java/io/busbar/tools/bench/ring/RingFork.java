package io.busbar.tools.bench.ring;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * A process that works a queue of its own when it is told to: a line asks, with the descriptors per chain and the
 * microseconds to work for, and a line answers, with the nanoseconds of processor time per chain. It says
 * {@value #READY} first, and ends when there are no more questions. The same for Java and for C.
 *
 * <p>Not thread-safe.
 */
final class RingFork implements AutoCloseable {

    static final String READY = "ready";

    private static final long NANOS_PER_MICRO = 1_000;

    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;

    private RingFork(String name, Process process) {
        this.name = name;
        this.process = process;
        this.answers = process.inputReader();
        this.questions = process.outputWriter();
    }

    /**
     * Starts another JVM, as this one was started, and waits until its code is compiled.
     *
     * @param sides which do work
     */
    static RingFork java(Sides sides) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command()
                .orElseThrow(() -> new IOException("the path of the running java is not known")));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), RingWorker.class.getName(), sides.key()));
        return start("the JVM that works the ring", command);
    }

    /**
     * Starts a program and waits until it is ready.
     *
     * @param name    for messages
     * @param command program and arguments
     */
    static RingFork start(String name, List<String> command) throws IOException {
        RingFork fork = new RingFork(name, new ProcessBuilder(command).redirectError(Redirect.INHERIT).start());
        try {
            String first = fork.answer();
            if (!first.equals(READY)) {
                throw new IOException(name + " said \"" + first + "\": expected \"" + READY + "\"");
            }
            return fork;
        } catch (IOException e) {
            fork.close();
            throw e;
        }
    }

    /**
     * Lets it work.
     *
     * @param length descriptors per chain, 1 to {@link RingWorkload#MAX_CHAIN}
     * @param nanos  processor time to work for, at least
     * @return nanoseconds of processor time per chain
     */
    double measure(int length, long nanos) throws IOException {
        questions.write(length + " " + nanos / NANOS_PER_MICRO + "\n");
        questions.flush();
        String answer = answer();
        try {
            return Double.parseDouble(answer);
        } catch (NumberFormatException e) {
            throw new IOException(name + " said \"" + answer + "\": expected a number", e);
        }
    }

    private String answer() throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new IOException(name + " ended without an answer");
        }
        return line;
    }

    /** Ends the process, which is not waited for. */
    @Override
    public void close() {
        process.destroy();
    }
}
