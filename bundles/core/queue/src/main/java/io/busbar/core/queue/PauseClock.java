package io.busbar.core.queue;

import io.busbar.api.device.QueuePause;

/** Takes the times of one pause: workers say when their queues stopped and went on, and one of them what was between. */
final class PauseClock {

    private final long begin = System.nanoTime();
    private long firstStopped = -1;
    private long quiet = -1;
    private long exchanged;
    private long lastResumed;
    private int inFlight;

    /** A queue takes no more; so many chains are in its model's hands. */
    synchronized void stopped(int chains) {
        if (firstStopped < 0) {
            firstStopped = now();
        }
        inFlight += chains;
    }

    /** Queues may not have been told to stop, as their threads do not come back: they count as stopped from the beginning. */
    synchronized void takesFromBeginning(int chains) {
        firstStopped = 0;
        inFlight = Math.max(inFlight, chains);
    }

    /** Nothing is in flight. */
    synchronized void quiet() {
        quiet = now();
    }

    /** What was to be done meanwhile is done. */
    synchronized void exchanged() {
        exchanged = now();
        lastResumed = exchanged;
    }

    /** A queue has gone on. */
    synchronized void resumed() {
        lastResumed = Math.max(lastResumed, now());
    }

    synchronized QueuePause pause() {
        return firstStopped < 0
                ? new QueuePause(0, 0, 0, 0)
                : new QueuePause(quiet - firstStopped, exchanged - quiet, lastResumed - exchanged, inFlight);
    }

    private long now() {
        return System.nanoTime() - begin;
    }
}
