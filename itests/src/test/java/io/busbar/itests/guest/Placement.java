package io.busbar.itests.guest;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Where a guest finds the devices that a process has on bus {@code host}: there, or on a card. */
interface Placement {

    /** The name of a device, which no other placement of the same process gives. */
    String name(String device);

    /** Words with which a device is added. */
    List<String> words();

    /**
     * Waits until a device can be connected to.
     *
     * @param name of the device on bus {@code host}
     * @return its socket
     */
    Path socket(String name);

    /** Looks at what this side of the devices' way has counted, when a test is over. */
    void check();

    /** Devices are served as they are. */
    static Placement onHost(BusbarProcess process) {
        return new Placement() {
            @Override
            public String name(String device) {
                return device;
            }

            @Override
            public List<String> words() {
                return List.of();
            }

            @Override
            public Path socket(String name) {
                return process.socket(name);
            }

            @Override
            public void check() {
                // There is nothing between the device and its driver.
            }
        };
    }

    /**
     * Devices are published to a card over VOP; what is served is what the card finds.
     *
     * @param process that has a card of that name
     */
    static Placement onCard(BusbarProcess process, String card) {
        return new OnCard(process, card);
    }

    /** Devices of a card have names of their own: which is which is told by the entry of the device page. */
    record OnCard(BusbarProcess process, String card) implements Placement {

        private static final Duration SOON = Duration.ofSeconds(60);

        @Override
        public String name(String device) {
            return card + "-" + device;
        }

        @Override
        public List<String> words() {
            return List.of("driver_override", "vop-" + card);
        }

        @Override
        public Path socket(String name) {
            Eventually.within(SOON, () -> find(name).isPresent(),
                    () -> name + " is not on " + card + ": " + process.ok("vdpa", "-d", "dev", "show") + process.log());
            return find(name).orElseThrow();
        }

        private Optional<Path> find(String name) {
            JsonObject all = JsonParser.parseString(process.ok("vdpa", "-j", "-d", "dev", "show")).getAsJsonObject().getAsJsonObject("dev");
            String place = text(all.getAsJsonObject(name), "endpoint");
            return all.entrySet().stream()
                    .filter(device -> device.getKey().startsWith(card + "/"))
                    .map(device -> device.getValue().getAsJsonObject())
                    .filter(device -> place.equals(place(device)) && device.has("endpoint"))
                    .map(device -> Path.of(text(device, "endpoint")))
                    .filter(Files::exists)
                    .findFirst();
        }

        private static String place(JsonObject device) {
            JsonObject details = device.getAsJsonObject("details");
            return details == null ? "" : text(details, "link") + " entry " + text(details, "entry");
        }

        private static String text(JsonObject object, String key) {
            return object.has(key) ? object.get(key).getAsString() : "";
        }

        /** All of it has crossed the link. */
        @Override
        public void check() {
            CardLink link = CardLink.of(process, card);
            if (link.all("posted") == 0 || link.all("dma_bytes") == 0) {
                throw new AssertionError("nothing has crossed the link of " + card + ": " + link);
            }
        }
    }
}
