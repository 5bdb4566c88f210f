package io.busbar.drivers.x100.link;

import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * Interrupts of the card to the host: causes, which of them are enabled, and for which of them which vector's message is sent.
 * A cause that comes while it is not enabled waits.
 */
final class InterruptUnit {

    private final int[] map = new int[Register.VECTORS];
    private int causes;
    private int enabled;
    private int autoClear;
    private volatile IntConsumer vectors = _ -> { };

    /** Says who gets the messages: called with the vector's number, on the thread of whoever has caused it. */
    void deliverTo(IntConsumer handler) {
        vectors = handler;
    }

    /** Something has happened; a source is 0 to 31. */
    void raise(int source) {
        int due;
        synchronized (this) {
            causes |= 1 << source;
            due = due();
        }
        send(due);
    }

    private int due() {
        int due = causes & enabled;
        causes &= ~(due & autoClear);
        return due;
    }

    private void send(int due) {
        if (due != 0) {
            for (int vector = 0; vector < map.length; vector++) {
                if ((mask(vector) & due) != 0) {
                    vectors.accept(vector);
                }
            }
        }
    }

    synchronized int mask(int vector) {
        return map[vector];
    }

    synchronized void setMask(int vector, int sources) {
        map[vector] = sources;
    }

    synchronized int causes() {
        return causes;
    }

    synchronized void clear(int sources) {
        causes &= ~sources;
    }

    synchronized int enabled() {
        return enabled;
    }

    void enable(int sources) {
        int due;
        synchronized (this) {
            enabled |= sources;
            due = due();
        }
        send(due);
    }

    synchronized void disable(int sources) {
        enabled &= ~sources;
    }

    synchronized int autoClear() {
        return autoClear;
    }

    synchronized void setAutoClear(int sources) {
        autoClear = sources;
    }

    synchronized void reset() {
        causes = 0;
        enabled = 0;
        autoClear = 0;
        Arrays.fill(map, 0);
    }
}
