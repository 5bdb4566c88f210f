package io.busbar.api.device;

/**
 * How long the queues of a data path were held up, ns by the engine's clock; 0 where no queue ran.
 *
 * @param quiesceNanos  from when the first queue took no more until nothing was in flight
 * @param exchangeNanos from then until what was behind the model was exchanged
 * @param resumeNanos   from then until the last queue went on
 * @param inFlight      chains that were in flight when the queues were told to stop
 */
public record QueuePause(long quiesceNanos, long exchangeNanos, long resumeNanos, int inFlight) {

    /** Returns how long a chain had to wait, at the most, ns. */
    public long nanos() {
        return quiesceNanos + exchangeNanos + resumeNanos;
    }
}
