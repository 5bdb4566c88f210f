package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A network device of a running Busbar, as its commands show it. */
record NetDevice(BusbarProcess busbar, String name) {

    private static final List<String> LOSSES = List.of(
            "tx errors", "tx drops", "rx errors", "rx overruns", "rx link down", "rx too long", "memory faults", "broken");

    /**
     * Adds a device.
     *
     * @param words its backend, with that one's words, and other attributes
     */
    static NetDevice add(BusbarProcess busbar, String name, String... words) {
        List<String> all = new ArrayList<>(List.of("vdpa", "dev", "add", "name", name, "mgmtdev", "sim_net"));
        all.addAll(List.of(words));
        busbar.ok(all.toArray(String[]::new));
        return new NetDevice(busbar, name);
    }

    Path socket() {
        return busbar.socket(name);
    }

    /** What each queue has counted; 0 for a queue that has no such counter. */
    List<Long> counts(String counter) {
        JsonObject shown = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", name)).getAsJsonObject();
        return shown.getAsJsonObject("vstats").getAsJsonObject(name).getAsJsonArray("queues").asList().stream()
                .map(JsonElement::getAsJsonObject)
                .map(queue -> queue.has(counter) ? queue.get(counter).getAsLong() : 0)
                .toList();
    }

    /** What all queues have counted together. */
    long count(String counter) {
        return counts(counter).stream().mapToLong(Long::longValue).sum();
    }

    /** The configuration that its driver sees, as a line. */
    String config() {
        return busbar.ok("vdpa", "dev", "config", "show", name);
    }

    /** Nothing was dropped that there was a buffer for, and nothing found wrong. */
    void assertNothingLost() {
        for (String counter : LOSSES) {
            assertThat(count(counter)).as("%s of %s", counter, name).isZero();
        }
    }
}
