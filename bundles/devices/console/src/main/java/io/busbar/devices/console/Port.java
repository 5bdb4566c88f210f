package io.busbar.devices.console;

import io.busbar.api.device.ViewedDeviceModel.Looking;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * One port: what was sent, what is typed, who looks at it, and what the driver has said of it.
 *
 * <p>Threads: viewers come, go and take over under the object's lock, which no queue's thread takes.
 */
final class Port {

    /** Most viewers at a time. */
    static final int MAX_VIEWERS = 16;

    private static final PortViewer[] NONE = {};
    private static final int LEAST_CAPACITY = 64 << 10;

    private final int index;
    private final String name;
    private final Surroundings surroundings;
    private final Output output;
    private final Typed typed = new Typed();
    private volatile PortViewer[] viewers = NONE;
    private volatile PortViewer typist;
    private volatile boolean waitsForTypist;
    private volatile boolean ended;
    private volatile boolean driverReady;
    private volatile boolean driverOpen;

    Port(int index, String name, int scrollback, Surroundings surroundings) {
        this.index = index;
        this.name = name;
        this.surroundings = surroundings;
        int kept = index == 0 ? scrollback : 0;
        output = new Output(Math.max(LEAST_CAPACITY, Integer.highestOneBit(Math.max(1, 4 * kept - 1))), kept);
    }

    int index() {
        return index;
    }

    String name() {
        return name;
    }

    /** Returns whether it is the console, whose output goes nowhere while nobody is there; a pipe's waits. */
    boolean isConsole() {
        return index == 0;
    }

    Output output() {
        return output;
    }

    Typed typed() {
        return typed;
    }

    // What the driver says; written by the thread of the control queue

    boolean driverReady() {
        return driverReady;
    }

    void driverReady(boolean ready) {
        driverReady = ready;
    }

    boolean driverOpen() {
        return driverOpen;
    }

    void driverOpen(boolean open) {
        driverOpen = open;
    }

    /** The driver starts anew. */
    void reset() {
        driverReady = false;
        driverOpen = false;
    }

    // What is handed over

    /** Writes all but viewers, who follow by themselves ({@link #resume}); the queues do not run. */
    void save(DataOutput to) throws IOException {
        to.writeBoolean(driverReady);
        to.writeBoolean(driverOpen);
        typed.save(to);
    }

    /** Reads what {@link #save} wrote. */
    void restore(DataInput from) throws IOException {
        driverReady = from.readBoolean();
        driverOpen = from.readBoolean();
        typed.restore(from);
    }

    // Viewers

    /** Returns who types, or null. */
    PortViewer typist() {
        return typist;
    }

    ConsolePort snapshot(boolean open, boolean backendOpen) {
        PortViewer typing = typist;
        List<String> watchers = Stream.of(viewers).filter(viewer -> viewer != typing).map(PortViewer::who).toList();
        return new ConsolePort(index, name, open, backendOpen, typing == null ? "" : typing.who(), watchers);
    }

    synchronized PortViewer view(ConsoleViewer.Mode mode, String who) throws VdpaException {
        return join(mode, new PortViewer(
                this, mode != ConsoleViewer.Mode.WATCH, who, isConsole() ? output.scrollbackStart() : output.written()));
    }

    /** Goes on for somebody who looked at another model, from which this one goes on. */
    synchronized PortViewer resume(Looking before) throws VdpaException {
        if (before.position() < 0 || before.position() > output.written()) {
            throw new VdpaException(VdpaError.EINVAL, "position " + before.position() + " of port " + name + ": expected 0 to "
                    + output.written());
        }
        return join(before.mode(), new PortViewer(this, before, output.start()));
    }

    /** Returns up to where the slowest viewer has read. */
    long leastRead() {
        return Stream.of(viewers).mapToLong(PortViewer::position).min().orElse(Long.MAX_VALUE);
    }

    private PortViewer join(ConsoleViewer.Mode mode, PortViewer viewer) throws VdpaException {
        if (ended) {
            throw new VdpaException(VdpaError.ENODEV, "the console is gone");
        }
        if (viewers.length == MAX_VIEWERS) {
            throw new VdpaException(VdpaError.ENOSPC, "port " + name + " has " + MAX_VIEWERS
                    + " viewers: expected one to leave before another comes");
        }
        PortViewer[] more = Arrays.copyOf(viewers, viewers.length + 1);
        more[viewers.length] = viewer;
        viewers = more;
        if (mode == ConsoleViewer.Mode.TAKE_OVER || mode == ConsoleViewer.Mode.TYPE && typist == null) {
            typist(viewer);
        }
        return viewer;
    }

    synchronized void leave(PortViewer viewer) {
        viewers = Stream.of(viewers).filter(other -> other != viewer).toArray(PortViewer[]::new);
        if (typist == viewer) {
            typist(Stream.of(viewers).filter(PortViewer::wantsToType).findFirst().orElse(null));
        }
    }

    private void typist(PortViewer next) {
        typist = next;
        for (PortViewer viewer : viewers) {
            viewer.signal();
        }
        surroundings.stateChanged(index);
        surroundings.wakeTransmit(index);
    }

    /** Ends all viewers, when they have read what was sent. */
    synchronized void end() {
        ended = true;
        for (PortViewer viewer : viewers) {
            viewer.end();
        }
    }

    int type(PortViewer viewer, byte[] source, int offset, int length) {
        if (typist != viewer) {
            return 0;
        }
        int taken = typed.type(source, offset, length);
        if (taken > 0) {
            surroundings.wakeReceive(index);
        }
        return taken;
    }

    /** A viewer's terminal has another size. */
    void resized(PortViewer viewer) {
        if (typist == viewer) {
            surroundings.stateChanged(index);
        }
    }

    // Between the queue's thread and viewers

    /** Returns how many bytes the typist has room for; all there is while nobody types. */
    long typistRoom() {
        PortViewer typing = typist;
        long room = typing == null ? output.capacity() : output.capacity() - (output.written() - typing.position());
        return Math.max(0, Math.min(room, output.capacity()));
    }

    /**
     * Asks to be woken when the typist has read. A volatile store, so that a look at the room comes after it; pairs with
     * {@link #hasRead}.
     */
    void awaitTypist() {
        waitsForTypist = true;
    }

    /** A viewer's position has moved, by a volatile store: who waits for it is looked for after that. */
    void hasRead() {
        if (waitsForTypist) {
            waitsForTypist = false;
            surroundings.wakeTransmit(index);
        }
    }

    /** There is more to read. */
    void wakeViewers() {
        for (PortViewer viewer : viewers) {
            viewer.signal();
        }
    }

    /** There is room to type. */
    void wakeTypist() {
        PortViewer typing = typist;
        if (typing != null) {
            typing.signal();
        }
    }
}
