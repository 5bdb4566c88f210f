package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import java.util.List;

/** A network device of a running Busbar, as its commands show it. */
record NetDevice(Home home, String name) {

    private static final List<String> LOSSES = List.of(
            "tx errors", "tx drops", "rx errors", "rx overruns", "rx link down", "rx too long", "memory faults", "broken");

    NetDevice(BusbarProcess busbar, String name) {
        this(Home.onHost(busbar), name);
    }

    /**
     * Adds a device.
     *
     * @param words its backend, with that one's words, and other attributes
     */
    static NetDevice add(BusbarProcess busbar, String name, String... words) {
        return add(Home.onHost(busbar), name, words);
    }

    /** The same, with a device that is placed elsewhere, and named for it. */
    static NetDevice add(Home home, String device, String... words) {
        return new NetDevice(home, home.add(device, "sim_net", words));
    }

    /** Where a guest connects to it, who waits for that. */
    Path socket() {
        return home.placement().socket(name);
    }

    /** What each queue has counted; 0 for a queue that has no such counter. */
    List<Long> counts(String counter) {
        JsonObject shown = JsonParser.parseString(home.busbar().ok("vdpa", "-j", "dev", "vstats", "show", name)).getAsJsonObject();
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
        return home.busbar().ok("vdpa", "dev", "config", "show", name);
    }

    /** Nothing was dropped that there was a buffer for, and nothing found wrong. */
    void assertNothingLost() {
        for (String counter : LOSSES) {
            assertThat(count(counter)).as("%s of %s", counter, name).isZero();
        }
    }
}
