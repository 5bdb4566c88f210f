package io.busbar.drivers.sim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the backends of a device did that they should not, for as long as the device is there: what was counted, and what was seen when
 * they were closed. Any thread.
 */
final class Misbehaviour {

    private static final String DETAIL = "misbehaviour";
    private static final int MOST_NOTES = 8;

    /** Counters with what they say. */
    private static final Map<String, String> COUNTED = counted();

    private final Map<Thread, String> closing = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();

    private static Map<String, String> counted() {
        Map<String, String> counted = new LinkedHashMap<>();
        counted.put("backend exceptions", "exceptions thrown");
        counted.put("completed twice", "requests completed twice");
        counted.put("backend misuses", "chains completed twice");
        counted.put("late completions", "requests used after they were taken away");
        counted.put("abandoned threads", "threads kept");
        return counted;
    }

    /** A backend does not come back from its close. */
    synchronized void closes(Thread thread, String sentence) {
        closing.put(thread, sentence);
    }

    /** A backend has come back from its close. */
    synchronized void closed(Thread thread) {
        closing.remove(thread);
    }

    /** Notes something else; what is new takes the place of the oldest. */
    synchronized void note(String sentence) {
        if (notes.size() == MOST_NOTES) {
            notes.removeFirst();
        }
        notes.add(sentence);
    }

    /**
     * Adds it to what a device says of itself, if there is something.
     *
     * @param details  what the device says
     * @param counters of all queues
     */
    synchronized void show(Map<String, String> details, List<Map<String, Long>> counters) {
        List<String> sentences = new ArrayList<>();
        COUNTED.forEach((counter, sentence) -> {
            long sum = counters.stream().mapToLong(queue -> queue.getOrDefault(counter, 0L)).sum();
            if (sum > 0) {
                sentences.add(sum + " " + sentence);
            }
        });
        sentences.addAll(notes);
        sentences.addAll(closing.values());
        if (!sentences.isEmpty()) {
            details.put(DETAIL, String.join("; ", sentences));
        }
    }
}
