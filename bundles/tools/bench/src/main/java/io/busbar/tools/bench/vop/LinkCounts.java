package io.busbar.tools.bench.vop;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What crossed a card's link for devices at one end, as {@code x100 link} prints it; names are those of its columns.
 *
 * @param values by name: the counts of {@link #NAMES}
 */
record LinkCounts(Map<String, Long> values) {

    /** Columns, in the order of the report. */
    static final List<String> NAMES = List.of(
            "posted", "posted_bytes", "reads", "read_bytes", "doorbells", "interrupts", "dma", "dma_bytes", "nanos");

    private static final String NO_DEVICE = "link";

    /**
     * Adds up the rows of one end; what is no device's, as the hand-over and registers, is left out.
     *
     * @param table what {@code x100 link CARD} printed
     * @param end   {@code host} or {@code card}
     * @return the sums
     * @throws IOException if that is no such table
     */
    static LinkCounts of(String table, String end) throws IOException {
        List<List<String>> lines = table.lines().map(line -> List.of(line.strip().split("\\s+"))).toList();
        List<String> heading = lines.stream().filter(line -> line.getFirst().equals("end")).findFirst()
                .orElseThrow(() -> new IOException("x100 link printed no heading with \"end\" first: " + table.strip()));
        if (!heading.containsAll(NAMES) || !heading.contains("device")) {
            throw new IOException("x100 link has the columns " + heading + ": expected \"device\" and " + NAMES);
        }
        int device = heading.indexOf("device");
        Map<String, Long> sums = new LinkedHashMap<>();
        NAMES.forEach(name -> sums.put(name, 0L));
        for (List<String> line : lines) {
            if (line.size() == heading.size() && line.getFirst().equals(end) && !line.get(device).equals(NO_DEVICE)) {
                NAMES.forEach(name -> sums.merge(name, Long.parseLong(line.get(heading.indexOf(name))), Long::sum));
            }
        }
        return new LinkCounts(sums);
    }

    /** Returns what was added since an earlier look. */
    LinkCounts since(LinkCounts earlier) {
        Map<String, Long> differences = new LinkedHashMap<>();
        values.forEach((name, value) -> differences.put(name, value - earlier.values.get(name)));
        return new LinkCounts(differences);
    }

    long get(String name) {
        return values.get(name);
    }

    /** Returns one count over so many requests. */
    double each(String name, long requests) {
        return (double) get(name) / requests;
    }

    Map<String, Object> tree(long requests) {
        Map<String, Object> tree = new LinkedHashMap<>();
        for (String name : NAMES) {
            tree.put(name, each(name, requests));
        }
        return tree;
    }
}
