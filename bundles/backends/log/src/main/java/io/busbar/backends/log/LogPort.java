package io.busbar.backends.log;

import io.busbar.api.backend.BackendException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One port: bytes on their way to its file.
 *
 * <p>Assumptions: one thread writes, the queue's; one drains at a time, the backend's, and the queue's where another one may open the file.
 * Guarantees: order. Progress: writing waits for nobody, but for the file in that one case: what there is no room for is not taken.
 */
final class LogPort {

    private static final int CAPACITY = 64 << 10;

    private final LogFile file;
    private final MemorySegment bytes = Arena.ofAuto().allocate(CAPACITY);
    private final ByteBuffer buffer = bytes.asByteBuffer();
    private volatile long written;
    private volatile long drained;
    private volatile boolean held;
    private volatile boolean yielded;
    private long lost;
    private String trouble = "";

    LogPort(LogFile file) {
        this.file = file;
    }

    /** Takes bytes; what is not taken is asked for again when {@link #drain} has made room. */
    long write(MemorySegment from, long offset, long length) {
        long taken = take(from, offset, length);
        if (taken < length) {
            held = true; // Looked at after the drained position moves; the position is looked at once more after this.
            taken += take(from, offset + taken, length - taken);
        }
        if (yielded) {
            drain();
        }
        return taken;
    }

    private long take(MemorySegment from, long offset, long length) {
        long at = written;
        long count = Math.min(length, CAPACITY - (at - drained));
        long first = Math.min(count, CAPACITY - index(at));
        MemorySegment.copy(from, offset, bytes, index(at), first);
        MemorySegment.copy(from, offset + first, bytes, 0, count - first);
        written = at + count;
        return count;
    }

    boolean isEmpty() {
        return written == drained;
    }

    /**
     * Lets another one open the file, bundle or process. From now on bytes that are written are in the file at once: what another one
     * writes after this has had its last is behind them. Any thread.
     */
    void yieldFile() {
        yielded = true;
        drain();
        file.yieldToAnother();
    }

    /** Is the only one that writes the file again. Any thread. */
    void reclaimFile() throws BackendException {
        yielded = false;
        file.reclaim();
    }

    /** Moves what waits to the file; what the file has no room for is lost, and noted there when it has room again. */
    synchronized void drain() {
        while (!isEmpty()) {
            long at = drained;
            long end = at + Math.min(written - at, CAPACITY - index(at));
            try {
                noteWhatWasLost();
                buffer.limit(index(at) + (int) (end - at)).position(index(at));
                file.write(buffer);
                drained = at + buffer.position() - index(at);
            } catch (IOException e) {
                trouble = "log " + file.path() + ": " + e.getMessage();
                lost += end - at;
                drained = end;
            }
        }
    }

    private void noteWhatWasLost() throws IOException {
        if (lost > 0) {
            ByteBuffer note = ByteBuffer.wrap(("\n[busbar: " + lost + " bytes are missing here]\n")
                    .getBytes(StandardCharsets.UTF_8));
            file.write(note);
            lost = 0;
        }
        trouble = "";
    }

    /** Returns what is wrong, or empty. */
    synchronized String trouble() {
        return trouble.isEmpty() ? "" : trouble + ", " + lost + " bytes are lost";
    }

    /** Returns whether bytes were not taken since this was asked last, and there is room now. */
    boolean takeHeld() {
        boolean was = held;
        held = false;
        return was;
    }

    void close() {
        file.close();
    }

    private static int index(long position) {
        return (int) (position & CAPACITY - 1);
    }
}
