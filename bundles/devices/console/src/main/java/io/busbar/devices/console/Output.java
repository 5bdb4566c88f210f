package io.busbar.devices.console;

import io.busbar.api.memory.Payload;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The last bytes that a driver sent to a port, as a stream that several readers follow, each at a position of its own:
 * positions count bytes from the beginning and never go back.
 *
 * <p>Assumptions: one thread at a time appends. Guarantees: a reader gets the bytes of the stream in order, or is told how
 * many it was too late for; never others. Progress: who appends never waits; a reader that is overtaken again and again
 * skips ahead each time.
 */
final class Output {

    /** Where the scrollback begins is looked for in so many bytes: the beginning of a line. */
    private static final int LINE_SEARCH = 4096;

    private final MemorySegment bytes;
    private final MemorySegment readOnly;
    private final int capacity;
    private final int scrollback;

    /** How far bytes may be overwritten already: {@link #written}, or beyond while some are copied. */
    private volatile long reserved;

    private volatile long written;

    /** Before this there was nothing, or only what another model has had. */
    private volatile long first;

    /**
     * Makes an empty stream.
     *
     * @param capacity   bytes that are kept, a power of two
     * @param scrollback bytes of them that who comes late is shown, up to half of them
     */
    Output(int capacity, int scrollback) {
        this.capacity = capacity;
        this.scrollback = scrollback;
        // Freed when the last reader has gone: a viewer may be copying when the device model ends.
        bytes = Arena.ofAuto().allocate(capacity, Long.BYTES);
        readOnly = bytes.asReadOnly();
    }

    /** Returns the position after the last byte. */
    long written() {
        return written;
    }

    int capacity() {
        return capacity;
    }

    /** Returns the ring of bytes: position {@code p} is at {@code p % capacity}. */
    MemorySegment ring() {
        return readOnly;
    }

    /** Returns where in the ring a position is. */
    long offset(long position) {
        return position & capacity - 1;
    }

    /** Returns how many bytes from a position on lie behind each other in the ring. */
    long contiguous(long position) {
        return capacity - offset(position);
    }

    /**
     * Appends.
     *
     * @param from what
     * @param most bytes at the most: who must not miss any has so much room
     * @return bytes appended, or a negated errno of the driver's memory
     */
    long append(Payload from, long most) {
        long done = 0;
        long wanted = Math.min(most, from.remaining());
        while (done < wanted) {
            long at = written;
            long step = Math.min(wanted - done, contiguous(at));
            reserve(at + step);
            long copied = from.copyTo(bytes, offset(at), step);
            if (copied <= 0) {
                reserved = at;
                return done > 0 ? done : copied;
            }
            reserved = at + copied;
            written = at + copied;
            done += copied;
        }
        return done;
    }

    /** Appends one byte. */
    void append(byte value) {
        long at = written;
        reserve(at + 1);
        bytes.set(ValueLayout.JAVA_BYTE, offset(at), value);
        written = at + 1;
    }

    /** Says first what is going to be overwritten; pairs with the fence in {@link #read}. */
    private void reserve(long end) {
        reserved = end;
        VarHandle.storeStoreFence();
    }

    /** Writes what is kept for a reader that has read up to a position, and for the scrollback; nobody appends. */
    void save(DataOutput to, long position) throws IOException {
        long from = Math.max(start(), Math.min(position, scrollbackStart()));
        to.writeLong(from);
        byte[] kept = new byte[(int) (written - from)];
        int part = (int) Math.min(kept.length, contiguous(from));
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset(from), kept, 0, part);
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, kept, part, kept.length - part);
        to.writeInt(kept.length);
        to.write(kept);
    }

    /** Reads what {@link #save} wrote, into an empty one: positions are the same. */
    void restore(DataInput from) throws IOException {
        long begin = from.readLong();
        byte[] kept = StateRecord.bytes(from, capacity);
        if (begin < 0) {
            throw new IOException("a stream that begins at " + begin);
        }
        first = begin;
        reserved = begin + kept.length;
        int part = (int) Math.min(kept.length, contiguous(begin));
        MemorySegment.copy(kept, 0, bytes, ValueLayout.JAVA_BYTE, offset(begin), part);
        MemorySegment.copy(kept, part, bytes, ValueLayout.JAVA_BYTE, 0, kept.length - part);
        written = begin + kept.length;
    }

    /** Returns the first position that can still be read. */
    long start() {
        return Math.max(first, written - capacity);
    }

    /** Returns where a late reader begins: the scrollback's first whole line. */
    long scrollbackStart() {
        long end = written;
        if (end - first <= scrollback) {
            return first;
        }
        long start = end - scrollback;
        for (long at = start; at < Math.min(end, start + LINE_SEARCH); at++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, offset(at)) == '\n') {
                return at + 1;
            }
        }
        return start;
    }

    /** Returns a position from which a reader that was overtaken can go on without being overtaken at once. */
    long catchUpStart() {
        return Math.max(first, written - capacity / 2);
    }

    /**
     * Copies bytes.
     *
     * @param position where to begin
     * @param target   where to
     * @param offset   first byte there
     * @param length   room there
     * @return bytes copied, 0 if there are none yet, or -1 if some from the position on are overwritten
     */
    int read(long position, byte[] target, int offset, int length) {
        long waiting = written - position;
        if (waiting > capacity) {
            return -1;
        }
        int count = (int) Math.min(length, Math.min(waiting, contiguous(position)));
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, offset(position), target, offset, count);
        // What was copied is looked at before what is reserved; pairs with reserve().
        VarHandle.loadLoadFence();
        return reserved - position > capacity ? -1 : count;
    }
}
