package io.busbar.devices.console;

import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainSource;
import io.busbar.api.memory.Payload;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * The queue that carries a port's bytes from the driver.
 *
 * <p>Bytes are copied to the port's {@link Output}, and written from there to the backend. A chain is completed when the backend
 * has all of it; while it has no room, or the typist has not read enough, the chain is put back, and {@link #copied} says how
 * much of it needs no copy again.
 *
 * <p>Threads: {@link #service} on the thread that owns the queue; {@link #emergency} on a control thread. They take turns by
 * {@link #busy}, for which the queue's thread does not wait.
 */
final class Transmit {

    /** Bytes that one turn takes at the most: the worker's other queues are not kept waiting for longer. */
    private static final long TURN_BYTES = 256 << 10;

    /** How long a character waits for the queue's thread at the most, in tries of 100 microseconds. */
    private static final int EMERGENCY_TRIES = 1000;
    private static final long EMERGENCY_PAUSE_NANOS = 100_000;

    private final Port port;
    private final Output output;
    private final Surroundings surroundings;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final Counter bytes = new Counter();
    private final Counter unread = new Counter();
    private final Counter held = new Counter();
    private final Counter malformed = new Counter();

    /** Up to where the backend has the output. */
    private long delivered;

    /** Who was at the backend's end when it was looked at last. */
    private int visitor;

    /** Bytes of the first chain that are in the output already. */
    private long copied;

    private long turnLeft;

    Transmit(Port port, Surroundings surroundings) {
        this.port = port;
        this.output = port.output();
        this.surroundings = surroundings;
    }

    /** The driver starts anew; the queue does not run. */
    void reset() {
        copied = 0;
    }

    /** Writes what was sent, and how far it has come; the queue does not run. */
    void save(DataOutput to) throws IOException {
        to.writeLong(delivered);
        to.writeInt(visitor);
        to.writeLong(copied);
        output.save(to, Math.min(delivered, port.leastRead()));
    }

    /** Reads what {@link #save} wrote. */
    void restore(DataInput from) throws IOException {
        delivered = from.readLong();
        visitor = from.readInt();
        copied = from.readLong();
        output.restore(from);
        if (delivered < output.start() || delivered > output.written() || copied < 0) {
            throw new IOException("position " + delivered + " of a stream from " + output.start() + " to " + output.written());
        }
    }

    void service(ConsoleBackend backend, ChainSource source) {
        if (!busy.compareAndSet(false, true)) {
            surroundings.wakeTransmit(port.index());
            return;
        }
        long before = output.written();
        try {
            turnLeft = TURN_BYTES;
            serve(backend, source);
        } finally {
            busy.set(false);
        }
        if (output.written() != before) {
            port.wakeViewers();
        }
    }

    private void serve(ConsoleBackend backend, ChainSource source) {
        while (deliver(backend) && somebodyIsThere()) {
            Chain chain = source.next();
            if (chain == null) {
                return;
            }
            surroundings.inUse(port.index());
            if (!take(chain, backend)) {
                held.add(turnLeft > 0 ? 1 : 0);
                source.putBack();
                return;
            }
            copied = 0;
            chain.complete(0);
        }
    }

    /** A console's output is never held back for want of a reader: its kernel would stand still. */
    private boolean somebodyIsThere() {
        return port.isConsole() || visitor != ConsoleBackend.NOBODY || port.typist() != null;
    }

    /** Returns whether all of a chain is where it belongs. */
    private boolean take(Chain chain, ConsoleBackend backend) {
        Payload from = chain.readable();
        from.position(Math.min(copied, from.size()));
        while (from.remaining() > 0) {
            long room = room();
            if (room == 0) {
                return false;
            }
            long count = output.append(from, room);
            if (count < 0) {
                malformed.add(1);
                return true; // The driver's memory is gone: there is nothing more to take.
            }
            copied += count;
            turnLeft -= count;
            bytes.add(count);
            if (!deliver(backend)) {
                return false;
            }
        }
        return true;
    }

    /** Returns how many bytes may be copied now; if none, somebody wakes the queue when some may. */
    private long room() {
        if (turnLeft <= 0) {
            surroundings.wakeTransmit(port.index());
            return 0;
        }
        if (port.typistRoom() == 0) {
            port.awaitTypist();
        }
        return Math.min(turnLeft, port.typistRoom());
    }

    /** Returns whether the backend has all of the output; if not, it wakes the queue when it takes more. */
    private boolean deliver(ConsoleBackend backend) {
        boolean taken = true;
        int seen;
        do {
            seen = meet(backend);
            if (seen == ConsoleBackend.NOBODY) {
                return nobodyTakes();
            }
            taken = write(backend);
        } while (!taken && backend.visitor(port.index()) != seen);
        return taken;
    }

    /** Looks who is there; who has just come to the console begins with the scrollback. */
    private int meet(ConsoleBackend backend) {
        int now = backend.visitor(port.index());
        if (now != visitor) {
            visitor = now;
            if (now != ConsoleBackend.NOBODY && now != ConsoleBackend.ALWAYS && port.isConsole()) {
                delivered = output.scrollbackStart();
            }
        }
        return now;
    }

    /** Returns true if nothing is left over: what nobody reads of a console is done with, what a pipe has waits. */
    private boolean nobodyTakes() {
        if (!port.isConsole() && port.typist() == null) {
            return delivered == output.written();
        }
        if (port.typist() == null) {
            unread.add(output.written() - delivered);
        }
        delivered = output.written();
        return true;
    }

    private boolean write(ConsoleBackend backend) {
        long end = output.written();
        while (delivered < end) {
            long length = Math.min(end - delivered, output.contiguous(delivered));
            long taken = backend.write(port.index(), output.ring(), output.offset(delivered), length);
            delivered += Math.clamp(taken, 0, length);
            if (taken < length) {
                return false;
            }
        }
        return true;
    }

    /**
     * Puts a character into the output, whether or not the queue runs; on a control thread. It is left out if there is no
     * room, or the queue's thread stands still: who calls has logged it.
     */
    void emergency(byte character) {
        for (int i = 0; i < EMERGENCY_TRIES; i++) {
            if (busy.compareAndSet(false, true)) {
                try {
                    if (output.written() - delivered < output.capacity() && port.typistRoom() > 0) {
                        output.append(character);
                    }
                } finally {
                    busy.set(false);
                }
                port.wakeViewers();
                surroundings.wakeTransmit(port.index());
                return;
            }
            LockSupport.parkNanos(EMERGENCY_PAUSE_NANOS);
        }
    }

    Map<String, Long> statistics() {
        Map<String, Long> statistics = new LinkedHashMap<>();
        statistics.put("sent bytes", bytes.get());
        statistics.put("unread bytes", unread.get());
        statistics.put("held back", held.get());
        statistics.put("malformed", malformed.get());
        return statistics;
    }
}
