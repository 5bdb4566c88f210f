package io.busbar.itests.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** A running guest: its console as lines, its end, and its death. Thread-safe. */
final class Guest implements AutoCloseable {

    /** Before any driver of ours is loaded: a console without it is of a kernel that never came up. */
    static final String UP = "guest-init: up";
    static final String BEGIN = "guest-script: begin";
    static final String END = "guest-script: exit status ";

    private static final int TAIL = 60;

    private final String name;
    private final ProcessGroup group;
    private final Path work;
    private final Duration limit;
    private final long deadline;
    private final List<String> console = new ArrayList<>();
    private boolean consoleEnded;

    Guest(String name, ProcessGroup group, Path work, Duration limit) {
        this.name = name;
        this.group = group;
        this.work = work;
        this.limit = limit;
        this.deadline = System.nanoTime() + limit.toNanos();
        Thread.ofPlatform().daemon().name("console of " + name).start(this::readConsole);
    }

    /**
     * Waits for a line of the console that the condition holds for, and returns the first such line.
     *
     * @throws AssertionError if the guest ends, or its time is over, before that line
     */
    String awaitLine(Predicate<String> condition) {
        int seen = 0;
        synchronized (console) {
            while (true) {
                for (; seen < console.size(); seen++) {
                    if (condition.test(console.get(seen))) {
                        return console.get(seen);
                    }
                }
                if (consoleEnded) {
                    throw new AssertionError(name + " ended without the expected line\n" + tail());
                }
                await();
            }
        }
    }

    /** Whether the kernel has not ended yet. */
    boolean isRunning() {
        return group.isRunning();
    }

    /** Stops its processors where they are. */
    void freeze() {
        group.signal("STOP");
    }

    /** They go on. */
    void thaw() {
        group.signal("CONT");
    }

    /** The lines of the console so far. */
    List<String> lines() {
        synchronized (console) {
            return List.copyOf(console);
        }
    }

    /**
     * Waits until the script has ended.
     *
     * @return its exit status
     * @throws AssertionError if the kernel ends without telling one, or its time is over
     */
    int awaitExit() {
        String line = awaitLine(text -> text.startsWith(END));
        return Integer.parseInt(line.substring(END.length()));
    }

    /** Waits until the script has ended and the kernel has powered off; expects status 0 and returns the script's output. */
    List<String> awaitSuccess() {
        int exit = awaitExit();
        synchronized (console) {
            while (!consoleEnded) {
                await();
            }
            if (exit != 0) {
                throw new AssertionError("%s: exit status %d of the script, expected 0%n%s".formatted(name, exit, tail()));
            }
            return List.copyOf(console.subList(console.indexOf(BEGIN) + 1, console.indexOf(END + exit)));
        }
    }

    /** Kills the kernel and all its helper processes, as {@code kill -9}; returns when none of them runs. */
    @Override
    public void close() throws IOException {
        group.close();
        GuestKernel.delete(work);
    }

    private void readConsole() {
        try (BufferedReader reader = group.process().inputReader(StandardCharsets.ISO_8859_1)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                synchronized (console) {
                    console.add(line.replace("\r", ""));
                    console.notifyAll();
                }
            }
        } catch (IOException e) {
            // the console is closed when the guest is killed
        } finally {
            synchronized (console) {
                consoleEnded = true;
                console.notifyAll();
            }
        }
    }

    /** Waits for news of the console; the caller holds its monitor. */
    private void await() {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new AssertionError("%s has not ended in its time of %s%n%s".formatted(name, limit, tail()));
        }
        try {
            console.wait(left);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + name, e);
        }
    }

    private String tail() {
        List<String> last = console.subList(Math.max(0, console.size() - TAIL), console.size());
        return "the console's last lines:\n  " + String.join("\n  ", last);
    }
}
