package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection after the other to the server, and the thread that serves it. A connection that breaks gives back what the
 * server has not confirmed, and is made again: at first soon, then after twice as long each time.
 */
final class Lane implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private static final int RECEIVED_BYTES = 256 << 10;
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LAST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** One that comes and goes faster is tried less and less often. */
    private static final long STAYED_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** While the server's confirmation is waited for. */
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Target target;
    private final Disk disk;
    private final Submissions submissions;
    private final Runnable wakeOthers;
    private final Commands commands;
    private final Outbox outbox;
    private final Replies replies;
    private final ByteBuffer room;
    private final Selector selector;
    private final Thread thread;
    /** Whether it sleeps and could take requests. */
    private final AtomicBoolean idle = new AtomicBoolean();
    private volatile boolean stopped;
    /** The server is to confirm that it has ended everything. */
    private volatile boolean parting;
    /** Nobody wants to know any more whether it has. */
    private volatile boolean givenUp;
    private volatile boolean confirmed;
    /** What a server was asked for on a connection that was lost it may still do. */
    private boolean lostSome;

    private Connection connection;
    private Export export;
    private long pause = FIRST_PAUSE_NANOS;
    private long came;
    private long heard;

    Lane(String device, int number, Target target, Disk disk, Submissions submissions, Runnable wakeOthers)
            throws IOException {
        this.target = target;
        this.disk = disk;
        this.submissions = submissions;
        this.wakeOthers = wakeOthers;
        MemorySegment memory = Arena.ofAuto().allocate(RECEIVED_BYTES, Long.BYTES);
        room = memory.asByteBuffer();
        commands = new Commands(submissions);
        outbox = new Outbox(commands);
        replies = new Replies(commands, memory, device);
        selector = Selector.open();
        thread = Thread.ofPlatform().daemon().name("busbar-" + device + "-nbd" + number).unstarted(this);
    }

    /** Connects; before the thread runs, or on it. */
    void connect() throws IOException {
        Connection fresh = Connection.to(target, selector, room, () -> stopped);
        try {
            export = Negotiation.of(fresh, target);
            disk.connected(export);
        } catch (FarEndException | RuntimeException e) {
            fresh.close();
            throw e;
        } catch (IOException e) {
            fresh.close();
            throw new FarEndException(Kind.NOT_FOUND, "has lost the connection in the handshake: " + e.getMessage());
        }
        connection = fresh;
        came = System.nanoTime();
    }

    /** Returns whether it is for several connections at once. */
    boolean allowsOthers() {
        return export.can(Nbd.CAN_MULTI_CONN);
    }

    void start() {
        thread.start();
    }

    /** Wakes the thread if it sleeps and could take requests; returns whether it did. Any thread. */
    boolean wake() {
        // Pairs with the store in rest(): either we see that it sleeps, or it sees what was submitted.
        if (!idle.get() || !idle.compareAndSet(true, false)) {
            return false;
        }
        selector.wakeup();
        return true;
    }

    /** Says that the end is wanted, at once; {@link #join} waits for it. */
    void stop() {
        givenUp = true;
        stopped = true;
        selector.wakeup();
    }

    /** Says that the end is wanted when the server has confirmed that it has ended everything, however long that takes. */
    void part() {
        parting = true;
        stopped = true;
        selector.wakeup();
    }

    /** Returns whether nothing that the server was asked for has an effect any more; after {@link #join}. */
    boolean hasParted() {
        return confirmed;
    }

    /** Waits for the end. On a control thread. */
    void join() {
        try {
            thread.join(); // One that was never started has ended.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for the end, for so long; returns whether it has come. */
    boolean join(long nanos) {
        try {
            return !thread.isAlive() || nanos > 0 && thread.join(Duration.ofNanos(nanos));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void run() {
        while (!stopped) {
            try {
                if (connection == null) {
                    connect();
                }
                serve();
            } catch (IOException e) {
                leave(e instanceof FarEndException ? e.getMessage() : "has lost the connection: " + e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("{}: a fault in talking to the server", thread.getName(), e);
                leave("was left by a fault, which the log tells");
            }
        }
        end();
    }

    private void serve() throws IOException {
        heard = System.nanoTime();
        while (!stopped) {
            boolean waited = commands.isEmpty();
            int got = connection.receive();
            if (got < 0) {
                throw new FarEndException("has closed the connection");
            }
            if (got > 0) {
                replies.take(connection.received(), export);
            }
            boolean more = outbox.fill(export);
            boolean sent = outbox.send(connection.wire());
            if (got > 0 || waited && more) {
                heard = System.nanoTime();
            }
            if (got == 0 && !more && !sent) {
                rest();
            }
        }
    }

    /** Sleeps until there is something to do. */
    private void rest() throws IOException {
        long silence = commands.isEmpty() ? 0 : System.nanoTime() - heard;
        long patience = TimeUnit.SECONDS.toNanos(target.timeoutSeconds());
        if (silence > patience) {
            throw new FarEndException("has not answered for " + target.timeoutSeconds() + " s");
        }
        idle.set(commands.hasRoom());
        // Pairs with the insertion before wake(): what was submitted until now is seen here, or we are woken.
        if (!stopped && (!commands.hasRoom() || submissions.isEmpty())) {
            boolean unsent = !outbox.isEmpty() || connection.wire().holdsBytes();
            connection.await(unsent, patience - silence);
        }
        idle.set(false);
    }

    private void leave(String why) {
        idle.set(false);
        boolean served = connection != null;
        lostSome |= !commands.isEmpty();
        drop();
        if (stopped) {
            return;
        }
        if (served) {
            disk.lost(why);
            if (System.nanoTime() - came > STAYED_NANOS) {
                pause = FIRST_PAUSE_NANOS;
            }
        } else {
            disk.unreachable(why);
        }
        wakeOthers.run();
        sleep(pause);
        pause = Math.min(2 * pause, LAST_PAUSE_NANOS);
    }

    private void drop() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
        outbox.clear();
        replies.clear();
        commands.giveBack();
    }

    private void sleep(long nanos) {
        long end = System.nanoTime() + nanos;
        try {
            for (long left = nanos; left > 0 && !stopped; left = end - System.nanoTime()) {
                selector.select(TimeUnit.NANOSECONDS.toMillis(left) + 1);
            }
        } catch (IOException e) {
            LOG.warn("{}: cannot wait: {}", thread.getName(), e.toString());
        }
    }

    private void end() {
        if (connection == null) {
            confirmed = !lostSome;
        } else {
            try {
                outbox.sayGoodbye(connection.wire());
                confirmed = parting && !lostSome && isClosedByServer();
            } catch (IOException _) {
                // Then it sees the end of the connection.
            }
        }
        drop();
    }

    /** A server that was told that nothing more comes ends what it has, and closes then (NBD, "Terminating the transmission phase"). */
    private boolean isClosedByServer() throws IOException {
        while (!givenUp) {
            outbox.send(connection.wire());
            int got = connection.receive();
            if (got < 0) {
                return true;
            }
            // Answers to what was taken away.
            connection.received().limit(0);
            if (got == 0) {
                connection.await(!outbox.isEmpty() || connection.wire().holdsBytes(), LOOK_NANOS);
            }
        }
        return false;
    }

    /** Lets go of what is left; after the thread's end. */
    void close() {
        drop();
        try {
            selector.close();
        } catch (IOException e) {
            LOG.warn("{}: cannot be closed: {}", thread.getName(), e.toString());
        }
    }
}
