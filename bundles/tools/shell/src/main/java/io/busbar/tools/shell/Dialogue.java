package io.busbar.tools.shell;

import java.time.Duration;
import java.util.Optional;

/**
 * A client that stays with a command while it runs: bytes that it types, and bytes that it shows as they are.
 *
 * <p>Between {@link #begin} and the end of the command one thread waits for {@link #next}, another may write. A client that
 * is gone has left.
 */
public interface Dialogue {

    /** What comes from the client. */
    sealed interface Event {}

    /**
     * Bytes were typed.
     *
     * @param bytes at least one; the receiver's
     */
    record Typed(byte[] bytes) implements Event {}

    /**
     * The client's terminal has this size.
     *
     * @param columns characters in a line, 1 to 65 535
     * @param rows    lines, 1 to 65 535
     */
    record Resized(int columns, int rows) implements Event {}

    /** The client's input, which is no terminal, has ended; it still shows what comes. */
    record Ended() implements Event {}

    /** The client wants no more, or is gone. It is the last event. */
    record Left() implements Event {}

    /** Returns who it is, for others: a word or two. */
    String who();

    /** Returns whether somebody sits there: a terminal, not a pipe. */
    boolean terminal();

    /** Asks the client for what it types. Its end, and only that, is {@link Left}. */
    void begin();

    /**
     * Waits for what comes next.
     *
     * @param patience how long
     * @return empty if nothing came
     */
    Optional<Event> next(Duration patience);

    /**
     * Shows bytes; waits as long as the client does not read.
     *
     * @param bytes  what
     * @param offset of the first
     * @param length how many; with 0 it is only looked whether the client is there
     * @return false if the client is gone
     */
    boolean write(byte[] bytes, int offset, int length);

    /**
     * Tells the user something.
     *
     * @param text whole lines
     */
    void note(String text);

    /** Asks the client to leave, which is what {@link #next} returns then. Any thread. */
    void finish();
}
