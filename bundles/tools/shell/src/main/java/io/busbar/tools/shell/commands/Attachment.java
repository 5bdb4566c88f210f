package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Dialogue;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Somebody at a port of a console, for the time of a command.
 *
 * <p>Threads: what is typed goes to the port on the command's thread, which reads on while not too much of it waits for room; what
 * comes is shown on one of its own, which waits for the client. So neither waits for the other, and a client that reads slowly and
 * types holds the port back.
 */
final class Attachment {

    private static final int BUFFER_BYTES = 8192;
    /** What a client types is read up to here while the driver does not read: so far it can also leave. */
    private static final int MOST_PENDING = 1 << 20;
    /** How soon what waits for room is tried again. */
    private static final Duration ROOM = Duration.ofMillis(20);
    private static final Duration LONG = Duration.ofMinutes(1);
    /** How often is looked whether a client is still there that is not read from. */
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** The same, and whether its input has ended, for a client that is a pipe. */
    private static final long PIPE_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final String command;
    private final String name;
    private final ConsoleViewer viewer;
    private final Dialogue client;
    private final Options options;
    private final VisibleBytes visible = new VisibleBytes();
    private final Object room = new Object();

    /** Who types, as it was told last; null before the first time. Of the thread that shows. */
    private String toldTypist;
    /** Nothing more is typed: the client or the port is gone. */
    private volatile boolean over;
    private volatile boolean portGone;
    /** The client has left. */
    private volatile boolean left;
    /** So much waits for room that the client is not read from. */
    private volatile boolean full;
    private volatile boolean inputEnded;
    /** When something came, or the input ended. */
    private volatile long lastNanos = System.nanoTime();

    // Of the command's thread
    /** What waits for room. */
    private ByteBuffer pending = ByteBuffer.allocate(0);
    private boolean ending;

    /**
     * How a user wants it.
     *
     * @param watch   never types
     * @param escaped control characters are written out
     * @param linger  how long after the end of the input, and after what came last, it stays
     */
    record Options(boolean watch, boolean escaped, Duration linger) {}

    /**
     * Makes it.
     *
     * @param command which one, for sentences
     * @param name    of the port, for sentences
     * @param viewer  closed at the end
     * @param client  who looks
     */
    Attachment(String command, String name, ConsoleViewer viewer, Dialogue client, Options options) {
        this.command = command;
        this.name = name;
        this.viewer = viewer;
        this.client = client;
        this.options = options;
    }

    /** Stays until the client leaves, or the port is gone; returns the exit status. */
    int run() {
        Thread shows = Thread.ofPlatform().daemon().name("busbar-console-" + name).unstarted(this::show);
        try (viewer) {
            if (client.terminal()) {
                client.note(command + ": connected to " + name + "; Ctrl-] leaves\n");
            }
            client.begin();
            shows.start();
            listen();
            left = true;
        }
        join(shows);
        return portGone ? Command.FAILED : Command.OK;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    // What is typed

    private void listen() {
        boolean stays = true;
        while (stays) {
            boolean waits = pending.hasRemaining();
            Optional<Dialogue.Event> event =
                    waits && pending.remaining() >= MOST_PENDING ? Optional.empty() : client.next(waits ? ROOM : LONG);
            stays = event.isEmpty() || taken(event.get());
            type();
        }
    }

    /** Returns false when the client has left. */
    private boolean taken(Dialogue.Event event) {
        switch (event) {
            case Dialogue.Typed(var bytes) -> pending = ByteBuffer.allocate(pending.remaining() + bytes.length)
                    .put(pending).put(bytes).flip();
            case Dialogue.Resized(var columns, var rows) -> viewer.resize(columns, rows);
            case Dialogue.Ended _ -> ending = true;
            case Dialogue.Left _ -> {
                return false;
            }
        }
        return true;
    }

    /** What a terminal types while it is not its turn is for nobody; what a pipe has waits. */
    private void type() {
        if (over || options.watch() || client.terminal() && !viewer.types()) {
            pending.position(pending.limit());
        } else if (pending.hasRemaining()) {
            int at = pending.position();
            pending.position(at + viewer.type(pending.array(), at, pending.remaining()));
        }
        full = pending.remaining() >= MOST_PENDING;
        if (full) {
            awaitRoom();
        }
        if (ending && !pending.hasRemaining() && !options.watch()) {
            ending = false;
            lastNanos = System.nanoTime();
            inputEnded = true;
        }
    }

    private void awaitRoom() {
        synchronized (room) {
            try {
                room.wait(ROOM.toMillis());
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                over = true;
            }
        }
    }

    // What comes

    private void show() {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            boolean more = true;
            while (more) {
                more = step(buffer);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        over = true;
    }

    /** Shows what there is, or waits; returns whether there may be more. */
    private boolean step(byte[] buffer) throws InterruptedException {
        tellTypist();
        int count = viewer.read(buffer, 0, buffer.length);
        long missed = viewer.missed();
        if (missed > 0) {
            client.note(command + ": " + name + ": " + missed + " bytes were missed\n");
        }
        if (count == ConsoleViewer.ENDED) {
            return gone();
        }
        if (count > 0) {
            lastNanos = System.nanoTime();
            return shown(buffer, count);
        }
        synchronized (room) {
            room.notifyAll();
        }
        if (full && !client.write(buffer, 0, 0)) {
            return false;
        }
        if (inputEnded && System.nanoTime() - lastNanos >= options.linger().toNanos()) {
            client.finish();
            return false;
        }
        viewer.await(client.terminal() ? LOOK_NANOS : PIPE_LOOK_NANOS);
        return true;
    }

    private boolean shown(byte[] bytes, int length) {
        if (!options.escaped()) {
            return client.write(bytes, 0, length);
        }
        byte[] harmless = visible.show(bytes, length);
        return client.write(harmless, 0, harmless.length);
    }

    /** The port has ended: for all, or for who has left. */
    private boolean gone() {
        if (!left) {
            portGone = true;
            client.note(command + ": " + name + " is gone\n");
            client.finish();
        }
        return false;
    }

    private void tellTypist() {
        String typist = viewer.types() ? "" : viewer.typist();
        if (options.watch() || typist.equals(toldTypist)) {
            return;
        }
        if (!typist.isEmpty()) {
            client.note(command + ": " + name + ": " + typist + " types, and you look on until it is your turn; --force takes over\n");
        } else if (toldTypist != null) {
            client.note(command + ": " + name + ": you type now\n");
        }
        toldTypist = typist;
    }
}
