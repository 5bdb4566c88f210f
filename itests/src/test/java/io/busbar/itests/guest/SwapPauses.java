package io.busbar.itests.guest;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** What swaps under load cost, by the engine's clock: apart from a backend whose requests take long, and those. */
final class SwapPauses {

    private final List<Swap> swaps = new ArrayList<>();

    /**
     * One swap.
     *
     * @param from        name of the backend before; of a model, of the backend that had its requests
     * @param pauseMicros how long requests waited at the most
     */
    record Swap(String from, long pauseMicros) {

        /** Reads what the command said. */
        static Swap of(String json, String device) {
            JsonObject swap = JsonParser.parseString(json).getAsJsonObject().getAsJsonObject("swap").getAsJsonObject(device);
            return new Swap(swap.get("from").getAsString(), swap.get("pause_us").getAsLong());
        }

        boolean fromSlow() {
            return from.equals("nbd");
        }
    }

    void add(Swap swap) {
        swaps.add(swap);
    }

    int count() {
        return swaps.size();
    }

    private long quantile(Predicate<Swap> which, double quantile) {
        List<Long> sorted = swaps.stream().filter(which).map(Swap::pauseMicros).sorted().toList();
        return sorted.isEmpty() ? 0 : sorted.get((int) Math.min(sorted.size() - 1, (long) (sorted.size() * quantile)));
    }

    private String line(String title, Predicate<Swap> which) {
        return String.format(Locale.ROOT, "%d %s: pause p50 %d us, p99 %d us, longest %d us",
                swaps.stream().filter(which).count(), title, quantile(which, 0.5), quantile(which, 0.99), quantile(which, 1));
    }

    @Override
    public String toString() {
        return line("swaps", swap -> !swap.fromSlow()) + "; " + line("swaps from a slow backend", Swap::fromSlow);
    }
}
