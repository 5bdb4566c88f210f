package io.busbar.api.vdpa;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a swap did, or, of a dry run, would begin with. Times are by the engine's clock, and zero where no queue ran.
 *
 * @param from        name of the backend before; of a model, the bundle that it comes from
 * @param to          name of the backend now; of a model, the bundle that it comes from
 * @param attributes  the words with which the device is added from now on
 * @param opening     how long the new one took to open, while the old one went on
 * @param quiesce     from when the first queue took no more until nothing was in flight
 * @param exchange    from then until the new one was in the old one's place
 * @param resume      from then until the last queue went on
 * @param inFlight    requests that were in flight when the queues were told to stop
 * @param copied      bytes of a disk's content that were copied, or would be at least; 0 without a copy
 */
public record SwapReport(
        String from,
        String to,
        Map<String, String> attributes,
        Duration opening,
        Duration quiesce,
        Duration exchange,
        Duration resume,
        int inFlight,
        long copied) {

    /** Copies the words. */
    public SwapReport {
        attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    }

    /**
     * A swap without a copy.
     *
     * @param from       the name before
     * @param to         the name now
     * @param attributes the words
     * @param opening    how long the new one took to open
     * @param quiesce    until nothing was in flight
     * @param exchange   until the new one was in the old one's place
     * @param resume     until the last queue went on
     * @param inFlight   requests in flight at the beginning
     */
    public SwapReport(
            String from,
            String to,
            Map<String, String> attributes,
            Duration opening,
            Duration quiesce,
            Duration exchange,
            Duration resume,
            int inFlight) {
        this(from, to, attributes, opening, quiesce, exchange, resume, inFlight, 0);
    }

    /** Returns how long requests had to wait, at the most. */
    public Duration pause() {
        return quiesce.plus(exchange).plus(resume);
    }
}
