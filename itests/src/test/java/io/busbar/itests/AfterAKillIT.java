package io.busbar.itests;

import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a Busbar that was killed leaves behind, in the way of the next one, which brings back its devices. */
class AfterAKillIT {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    /** Enough devices that a start which does not wait for them would be ready before the last. */
    @Test
    void storedDevicesAreAtTheirSocketsWhenItIsReady() {
        var names = IntStream.range(0, 12).mapToObj(number -> "disk" + number).toList();
        try (var killed = BusbarProcess.in(directory).start()) {
            names.forEach(name -> addMemoryDisk(killed, name));
            killed.kill9();
        }
        try (var next = BusbarProcess.in(directory).start()) {
            names.forEach(name -> assertThat(state(next, name)).contains("\"state\":\"bound\""));
        }
    }

    @Test
    void whatIsLeftIsInNobodysWay() throws IOException {
        var state = directory.resolve("state/default");
        try (var killed = BusbarProcess.in(directory).start()) {
            addMemoryDisk(killed, "disk0");
            killed.kill9();
            assertThat(Stream.of("lock", "busbar.pid", "control.sock", "devices").map(state::resolve)).allMatch(Files::exists);
            assertThat(killed.socket("disk0")).exists();
        }
        // It was killed while it wrote, and its number is another process's by now.
        Files.writeString(state.resolve("devices.new"), "busbar-devices 1\ndevice di");
        Files.writeString(state.resolve("busbar.pid"), ProcessHandle.current().pid() + "\n");
        for (var file : files(state.resolve("framework"))) {
            Files.write(file, new byte[] {1});
        }

        try (var next = BusbarProcess.in(directory).start();
                var client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            assertThat(state(next, "disk0")).contains("\"state\":\"bound\"");
            assertThat(client.connect(UnixDomainSocketAddress.of(next.socket("disk0")))).isTrue();
            assertThat(state.resolve("busbar.pid")).hasContent(Long.toString(next.pid()));
            assertThat(next.script("status").out()).contains("running, process " + next.pid() + ",", "disk0");
            addMemoryDisk(next, "disk1");
            assertThat(state.resolve("devices")).content().contains("disk0", "disk1");
            assertThat(state.resolve("devices.new")).doesNotExist();
        }
    }

    @Test
    void aListOfDevicesThatIsCutOffIsKeptAsideAndNoDeviceOfItIsMade() throws IOException {
        var state = directory.resolve("state/default");
        try (var killed = BusbarProcess.in(directory).start()) {
            addMemoryDisk(killed, "disk0");
            addMemoryDisk(killed, "disk1");
            killed.kill9();
        }
        var list = Files.readString(state.resolve("devices"));
        var cut = list.substring(0, list.indexOf("device disk1"));
        Files.writeString(state.resolve("devices"), cut);

        try (var next = BusbarProcess.in(directory).start()) {
            assertThat(next.ok("vdpa", "dev", "show")).isBlank();
            assertThat(next.log()).contains("devices is not a list of devices").contains("kept as " + state.resolve("devices.corrupt-1"));
            assertThat(state.resolve("devices.corrupt-1")).hasContent(cut);
            addMemoryDisk(next, "disk2");
        }
    }

    /** As the kernel does for a process that is gone, as long as writes past the page cache are under way. */
    @Test
    void anImageThatIsStillLockedIsWaitedFor() throws IOException {
        var image = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        try (var killed = BusbarProcess.in(directory).start()) {
            killed.ok("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "file", "path", image.toString());
            killed.kill9();
        }
        try (var file = FileChannel.open(image, WRITE);
                var lock = file.lock();
                var next = BusbarProcess.in(directory).start()) {
            assertThat(state(next, "disk0")).contains("\"state\":\"absent\"", "\"reason\":\"IN_USE\"");
            lock.release();
            Eventually.within(SOON, () -> state(next, "disk0").contains("\"state\":\"bound\""), () -> state(next, "disk0"));
        }
    }

    private static void addMemoryDisk(BusbarProcess busbar, String name) {
        busbar.ok("vdpa", "dev", "add", "name", name, "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
    }

    private static String state(BusbarProcess busbar, String device) {
        return busbar.ok("vdpa", "-j", "-d", "dev", "show", device);
    }

    private static List<Path> files(Path folder) throws IOException {
        try (var found = Files.walk(folder)) {
            return found.filter(Files::isRegularFile).toList();
        }
    }
}
