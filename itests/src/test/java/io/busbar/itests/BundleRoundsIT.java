package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.NbdKit;
import io.busbar.testkit.machine.TestNetwork;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each bundle of a backend is installed, used and uninstalled again and again, and nothing of it is left behind. */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class BundleRoundsIT {
    private static final int ROUNDS = Rounds.or(30);
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private BusbarProcess busbar;
    private final StringBuilder report = new StringBuilder();

    /** Does with a device what its driver does. */
    @FunctionalInterface
    private interface Work {
        void of(String device);
    }

    @Test
    void nothingIsLeftOfABackendThatHasBeenUsed() throws IOException {
        Path image = folder.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        try (BusbarProcess started = BusbarProcess.in(folder).start();
                NbdKit server = NbdKit.at(folder.resolve("nbd.sock"), "memory", "1M");
                TestNetwork network = TestNetwork.create()) {
            busbar = started;
            rounds("memory", this::writeAndVerify, "sim_block", "size", "1M");
            rounds("file", this::writeAndVerifyInAllWays, "sim_block", "path", image.toString());
            rounds("nbd", this::writeAndVerify, "sim_block", "uri", server.uri());
            rounds("loopback", this::look, "sim_net");
            rounds("switch", device -> ping(device, "10.9.0.1", "10.9.0.9"), "sim_net", "network", "lan", "dhcp", "10.9.0.0/24");
            rounds("tap", device -> ping(device, "10.8.0.1", "10.8.0.9"), "sim_net", "netns", network.name(), "address", "10.8.0.1/24");
            rounds("stream", this::lookAtTheLink, "sim_net", "path", folder.resolve("stream.sock").toString(), "listen", "on");
            rounds("log", this::say, "sim_console", "path", folder.resolve("con.log").toString());
            rounds("pty", this::say, "sim_console", "link", folder.resolve("con.tty").toString());
            rounds("socket", this::say, "sim_console", "path", folder.resolve("con.sock").toString());
        }
        Rounds.report(report.toString().strip());
    }

    private void writeAndVerify(String device) {
        busbar.ok("blk", device, "write", "0", "pattern", "7", "300K");
        busbar.ok("blk", device, "verify", "0", "pattern", "7", "300K");
    }

    private void writeAndVerifyInAllWays(String device) {
        writeAndVerify(device);
        for (String io : List.of("direct", "mapped")) {
            busbar.ok("backend", "swap", device, "file", "path", folder.resolve("disk.img").toString(), "io", io);
            writeAndVerify(device);
        }
    }

    private void look(String device) {
        busbar.ok("net", device, "info");
    }

    /** At the other end of the socket there is a device of the same bundle. */
    private void lookAtTheLink(String device) {
        busbar.ok("vdpa", "dev", "add", "name", "far", "mgmtdev", "sim_net", "backend", "stream", "path",
                folder.resolve("stream.sock").toString(), "--volatile");
        Eventually.within(SOON, () -> !busbar.ok("vdpa", "dev", "show", device).contains("LINK_DOWN"),
                () -> busbar.ok("vdpa", "dev", "show"));
        busbar.ok("net", device, "info");
        busbar.ok("vdpa", "dev", "del", "far");
    }

    private void ping(String device, String address, String from) {
        busbar.ok("net", device, "ping", address, "from", from, "count", "1");
    }

    private void say(String device) {
        busbar.ok("con", device, "console", "write", "text", "hello");
    }

    private void rounds(String backend, Work work, String maker, String... words) throws IOException {
        String bundle = "io.busbar.backends." + backend;
        busbar.ok("uninstall", bundle);
        // The first one makes what is made once: threads of the bus, files of devices.
        round(bundle, work, maker, backend, words);
        Leftovers before = Leftovers.of(busbar, folder);
        for (int i = 0; i < ROUNDS; i++) {
            round(bundle, work, maker, backend, words);
        }
        before.awaitNoMore(ROUNDS + " rounds of " + bundle);
        awaitNoLoader(backend);
        Leftovers after = Leftovers.of(busbar, folder);
        report.append("bundles: %d rounds of %s %s: before %s; after %s%n".formatted(
                ROUNDS, backend, String.join(" ", words).replace(folder.toString() + "/", ""), before.counted(), after.counted()));
        busbar.ok("install", "--volatile", coordinates(bundle));
        assertThat(Leftovers.loadersOf(busbar, className(backend))).as("class loaders with " + className(backend)).isOne();
    }

    /** A thread that had to do with it may be on its last steps. */
    private void awaitNoLoader(String backend) {
        Eventually.within(SOON, () -> {
            Leftovers.of(busbar, folder); // Collects garbage.
            return Leftovers.loadersOf(busbar, className(backend)) == 0;
        }, () -> Leftovers.loadersOf(busbar, className(backend)) + " class loaders with " + className(backend));
    }

    private void round(String bundle, Work work, String maker, String backend, String... words) {
        busbar.ok("install", "--volatile", coordinates(bundle));
        List<String> add = new ArrayList<>(List.of("vdpa", "dev", "add", "name", "used", "mgmtdev", maker, "driver_override", "virtio",
                "backend", backend));
        add.addAll(List.of(words));
        add.add("--volatile");
        busbar.ok(add.toArray(String[]::new));
        work.of("used");
        busbar.ok("vdpa", "dev", "del", "used");
        busbar.ok("uninstall", bundle);
    }

    private static String className(String backend) {
        return "io.busbar.backends." + backend.replace("switch", "switch_") + "." + backend.substring(0, 1).toUpperCase(Locale.ROOT)
                + backend.substring(1) + "Backend";
    }

    private static String coordinates(String bundle) {
        try (var jars = Files.newDirectoryStream(Distribution.home().resolve("bundles"), bundle + "-*.jar")) {
            String name = jars.iterator().next().getFileName().toString();
            return "io.busbar:" + bundle + ":" + name.substring(bundle.length() + 1, name.length() - ".jar".length());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
