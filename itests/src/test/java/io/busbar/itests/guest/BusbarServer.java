package io.busbar.itests.guest;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Disks of the packed distribution, all of one process. */
final class BusbarServer implements BlockServer {

    private final Home home;
    private final BusbarProcess process;
    private int disks;

    BusbarServer(Home home) {
        this.home = home;
        process = home.busbar();
    }

    @Override
    public Disk serve(DiskSpec spec) {
        String device = "disk" + disks++;
        List<String> words = new ArrayList<>(List.of("backend", "file", "path", spec.image().toString(),
                "queues", Integer.toString(spec.queues()), "cache", spec.writeThrough() ? "writethrough" : "writeback"));
        if (spec.readOnly()) {
            words.addAll(List.of("readonly", "on"));
        }
        return new Device(process, home.add(device, "sim_block", words.toArray(String[]::new)), home.socket(device));
    }

    @Override
    public void kill() {
        process.kill9();
    }

    @Override
    public void close() {
        home.close();
    }

    private record Device(BusbarProcess process, String name, Path socket) implements Disk {

        @Override
        public void resize(long bytes) {
            process.ok("block", "resize", name, Long.toString(bytes));
        }

        @Override
        public List<Map<String, Long>> counters() {
            JsonObject shown = JsonParser.parseString(process.ok("vdpa", "-j", "dev", "vstats", "show", name)).getAsJsonObject();
            return shown.getAsJsonObject("vstats").getAsJsonObject(name).getAsJsonArray("queues").asList().stream()
                    .map(JsonElement::getAsJsonObject)
                    .map(Device::counters)
                    .toList();
        }

        private static Map<String, Long> counters(JsonObject queue) {
            Map<String, Long> counters = new LinkedHashMap<>();
            queue.entrySet().forEach(counter -> counters.put(counter.getKey().replace(" ", "_"), counter.getValue().getAsLong()));
            return counters;
        }

        @Override
        public void close() {
            process.ok("vdpa", "dev", "del", name);
        }
    }
}
