package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Somebody at a console, who types a line, reads what the guest says to it, and types the next: each answer comes once, whole, and
 * to the line that was typed last. What the guest runs is {@link #GUEST}.
 */
final class ConsoleTalk implements AutoCloseable {

    /** A function of the shell: answers lines of the console that it is given, and says that it is there before the first. */
    static final String GUEST = """
            talk() {
                exec 4<>"$1"
                busybox stty raw -echo <&4
                echo "here" >&4
                while read -r line <&4; do
                    echo "heard $line" >&4
                done
            }
            """;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String name;
    private final ByteChannel channel;
    private final ByteBuffer received = ByteBuffer.allocate(4096).flip();
    private final CompletableFuture<Integer> lines = new CompletableFuture<>();
    private volatile boolean ending;
    private volatile long longestNanos;
    private volatile int answered;

    private ConsoleTalk(String name, ByteChannel channel) {
        this.name = name;
        this.channel = channel;
    }

    /**
     * Waits until the guest is there, and begins to talk.
     *
     * @param name    for sentences
     * @param channel the console's other end, which it closes
     */
    static ConsoleTalk begin(String name, ByteChannel channel) {
        ConsoleTalk talk = new ConsoleTalk(name, channel);
        Thread.ofPlatform().daemon().name("talk at " + name).start(talk::run);
        return talk;
    }

    private void run() {
        try {
            assertThat(line()).as(name).isEqualTo("here");
            int spoken = 0;
            while (!ending) {
                String question = "line " + ++spoken + " of somebody at " + name;
                long begin = System.nanoTime();
                channel.write(ByteBuffer.wrap((question + "\n").getBytes(StandardCharsets.US_ASCII)));
                assertThat(line()).as(name).isEqualTo("heard " + question);
                longestNanos = Math.max(longestNanos, System.nanoTime() - begin);
                answered = spoken;
            }
            lines.complete(spoken);
        } catch (IOException | UncheckedIOException | AssertionError e) {
            lines.completeExceptionally(e);
        }
    }

    private String line() throws IOException {
        StringBuilder text = new StringBuilder();
        while (true) {
            while (received.hasRemaining()) {
                char next = (char) received.get();
                if (next == '\n') {
                    return text.toString();
                }
                text.append(next);
            }
            received.clear();
            int got = channel.read(received);
            received.flip();
            assertThat(got).as("%s after \"%s\"", name, text).isPositive();
        }
    }

    /** Ends the talk; returns how many lines were answered. */
    int end() {
        ending = true;
        try {
            return lines.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("the talk at " + name + " went wrong", e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("the guest at " + name + " does not answer any more", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** Fails if the talk has gone wrong. */
    void check() {
        if (lines.isCompletedExceptionally()) {
            end();
        }
    }

    /** How many lines were answered so far. */
    int answered() {
        return answered;
    }

    /** How long an answer took at the longest. */
    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    @Override
    public void close() throws IOException {
        ending = true;
        channel.close();
    }
}
