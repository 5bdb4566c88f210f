package io.busbar.tools.shell.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Lines over a socket, with a limit on their length, and a deadline for a peer that does not read. One thread reads;
 * several may write, one at a time. Closing it from any thread ends a wait.
 */
final class LineChannel implements AutoCloseable {

    /** A line is longer than the limit; what follows of it cannot be told from the next line. */
    static final class TooLong extends IOException {
        private static final long serialVersionUID = 1;

        TooLong(int limit) {
            super("a line is longer than " + limit + " bytes");
        }
    }

    private static final int BUFFER_BYTES = 8192;
    private static final long FOREVER = Long.MAX_VALUE / 2;

    private final SocketChannel channel;
    private final Selector readable;
    private final Selector writable;
    private final int limit;
    private final long writeDeadlineNanos;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    /** The line has its end. */
    private boolean whole;
    private boolean gone;

    /**
     * Takes the channel over; where it throws the channel is still the caller's.
     *
     * @param limit         most bytes of a line that is read
     * @param writeDeadline how long a line may take to be written
     */
    LineChannel(SocketChannel channel, int limit, Duration writeDeadline) throws IOException {
        this.channel = channel;
        this.limit = limit;
        this.writeDeadlineNanos = writeDeadline.toNanos();
        channel.configureBlocking(false);
        this.readable = registered(SelectionKey.OP_READ);
        try {
            this.writable = registered(SelectionKey.OP_WRITE);
        } catch (IOException | RuntimeException | Error e) {
            readable.close();
            throw e;
        }
    }

    /** A selector is descriptors: where none are left it leaves none behind. */
    private Selector registered(int interest) throws IOException {
        Selector selector = Selector.open();
        try {
            channel.register(selector, interest);
            return selector;
        } catch (IOException | RuntimeException | Error e) {
            selector.close();
            throw e;
        }
    }

    /** Returns the next line without its end; null when the peer has gone, also in the middle of a line. */
    String readLine() throws IOException {
        while (!hasLine(FOREVER)) {
            if (gone) {
                return null;
            }
        }
        return takeLine();
    }

    /**
     * Waits for a line.
     *
     * @param nanos how long at the most
     * @return whether {@link #readLine} returns at once: a line, or that the peer has gone
     */
    boolean awaitLine(long nanos) throws IOException {
        return hasLine(nanos) || gone;
    }

    private String takeLine() {
        String taken = line.toString(StandardCharsets.UTF_8);
        line.reset();
        whole = false;
        return taken;
    }

    private boolean hasLine(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        while (!whole) {
            while (buffer.hasRemaining() && !whole) {
                collect(buffer.get());
            }
            if (!whole && !fill(end)) {
                return false;
            }
        }
        return true;
    }

    private void collect(byte next) throws TooLong {
        if (next == '\n') {
            whole = true;
            return;
        }
        line.write(next);
        if (line.size() > limit) {
            throw new TooLong(limit);
        }
    }

    /** Returns false when it is time, or the peer has gone. */
    private boolean fill(long end) throws IOException {
        buffer.clear();
        try {
            int count = channel.read(buffer);
            long left = end - System.nanoTime();
            while (count == 0 && left > 0) {
                readable.select(millis(left));
                readable.selectedKeys().clear();
                count = channel.read(buffer);
                left = end - System.nanoTime();
            }
            gone = count < 0;
            return count > 0;
        } finally {
            buffer.flip();
        }
    }

    private static long millis(long nanos) {
        return Math.max(1, nanos / 1_000_000);
    }

    /** Writes a line, for no longer than the deadline. */
    void writeLine(String line) throws IOException {
        write(line, writeDeadlineNanos);
    }

    /** Writes a line, however long the peer does not read. */
    void writeLinePatiently(String line) throws IOException {
        write(line, FOREVER);
    }

    private synchronized void write(String line, long deadlineNanos) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        long start = System.nanoTime();
        while (bytes.hasRemaining()) {
            if (channel.write(bytes) == 0) {
                awaitWritable(deadlineNanos - (System.nanoTime() - start));
            }
        }
    }

    private void awaitWritable(long nanosLeft) throws IOException {
        if (nanosLeft <= 0) {
            throw new IOException("the client does not read");
        }
        writable.select(millis(nanosLeft));
        writable.selectedKeys().clear();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        readable.close();
        writable.close();
    }
}
