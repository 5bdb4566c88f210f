package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Where a guest finds the devices that a process has on bus {@code host}: there, or on a card. */
interface Placement {

    /** Words with which a device is added. */
    List<String> words();

    /**
     * Waits until the device that was added last can be connected to.
     *
     * @param name of the device on bus {@code host}
     * @return its socket
     */
    Path socket(String name);

    /** Devices are served as they are. */
    static Placement onHost(BusbarProcess process) {
        return new Placement() {
            @Override
            public List<String> words() {
                return List.of();
            }

            @Override
            public Path socket(String name) {
                return process.socket(name);
            }
        };
    }

    /** Starts a process with a card. */
    static BusbarProcess startWithCard(Path folder) {
        return BusbarProcess.in(folder).configuration("{\"io.busbar.drivers.x100~mic0\": {\"name\": \"mic0\"}}").start();
    }

    /**
     * Devices are published to a card over VOP; what is served is what the card finds.
     *
     * @param process that {@link #startWithCard} has started
     */
    static Placement onCard(BusbarProcess process) {
        return new OnCard(process);
    }

    /** Devices of a card have names of their own: which is which is told by the order in which they come. */
    final class OnCard implements Placement {

        private static final Duration SOON = Duration.ofSeconds(60);

        private final BusbarProcess process;
        private final Path sockets;
        private final Set<Path> known = new HashSet<>();

        private OnCard(BusbarProcess process) {
            this.process = process;
            sockets = process.socket("mic0/any").getParent();
        }

        @Override
        public List<String> words() {
            known.removeIf(Files::notExists);
            return List.of("driver_override", "vop-mic0");
        }

        @Override
        public Path socket(String name) {
            Eventually.within(SOON, () -> !added().isEmpty(),
                    () -> name + " is not on the card: " + process.ok("vdpa", "dev", "show") + process.log());
            Path socket = added().getFirst();
            known.add(socket);
            return socket;
        }

        private List<Path> added() {
            try (Stream<Path> all = Files.list(sockets)) {
                return all.filter(Predicate.not(known::contains)).toList();
            } catch (IOException _) {
                return List.of();
            }
        }
    }
}
