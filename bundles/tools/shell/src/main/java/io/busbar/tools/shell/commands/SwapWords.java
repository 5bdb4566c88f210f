package io.busbar.tools.shell.commands;

import io.busbar.api.vdpa.SwapRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The words of a swap: {@code DEV BACKEND [WORD VALUE]... [--dry-run] [--timeout MILLISECONDS] [--force]}.
 *
 * @param device  the device
 * @param request what is wanted of it
 * @param copy    whether the disk's content is copied first
 */
record SwapWords(String device, SwapRequest request, boolean copy) {

    /** The options, for completion. */
    static final List<String> OPTIONS = List.of("--dry-run", "--timeout", "--force", "--copy", "--cancel");

    private static final int MAX_MILLIS = 600_000;
    /** How long requests in flight may take to end if nothing is said. */
    static final Duration DEADLINE = Duration.ofSeconds(1);

    static SwapWords parse(List<String> words) throws Wrong {
        List<String> plain = new ArrayList<>();
        Duration deadline = DEADLINE;
        boolean dryRun = false;
        boolean force = false;
        boolean copy = false;
        for (Iterator<String> rest = words.iterator(); rest.hasNext();) {
            String word = rest.next();
            if (word.equals("--dry-run")) {
                dryRun = true;
            } else if (word.equals("--force")) {
                force = true;
            } else if (word.equals("--copy")) {
                copy = true;
            } else if (word.equals("--timeout")) {
                deadline = deadline(rest.hasNext() ? rest.next() : "");
            } else if (word.startsWith("--timeout=")) {
                deadline = deadline(word.substring("--timeout=".length()));
            } else {
                plain.add(word);
            }
        }
        if (plain.size() < 2) {
            throw new Wrong("swap needs a device and a backend: backend swap DEV BACKEND [ WORD VALUE ]...");
        }
        return new SwapWords(
                plain.get(0),
                new SwapRequest(plain.get(1), pairs(plain.subList(2, plain.size())), deadline, dryRun, force), copy);
    }

    /** Returns what {@code --timeout} says. */
    static Duration deadline(String text) throws Wrong {
        try {
            int millis = Integer.parseInt(text);
            if (millis >= 1 && millis <= MAX_MILLIS) {
                return Duration.ofMillis(millis);
            }
        } catch (NumberFormatException _) {
            // The same sentence as for a number that is out of range.
        }
        throw new Wrong("--timeout \"" + text + "\": expected milliseconds, 1 to " + MAX_MILLIS);
    }

    private static Map<String, String> pairs(List<String> words) throws Wrong {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (int i = 0; i < words.size(); i += 2) {
            if (i + 1 == words.size()) {
                throw new Wrong("word \"" + words.get(i) + "\" has no value");
            }
            if (pairs.put(words.get(i), words.get(i + 1)) != null) {
                throw new Wrong("word \"" + words.get(i) + "\" is there twice");
            }
        }
        return pairs;
    }
}
