package io.busbar.backends.switch_;

import static io.busbar.backends.switch_.Frames.ALICE;
import static io.busbar.backends.switch_.Frames.BOB;
import static io.busbar.backends.switch_.Frames.BROADCAST;
import static io.busbar.backends.switch_.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.backends.switch_.Station.Sent;
import io.busbar.backends.switch_.capture.Capture;
import io.busbar.backends.switch_.capture.Pcapng;
import io.busbar.backends.switch_.host.Dhcp;
import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.Prerequisite;
import io.busbar.testkit.machine.SmallFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureTest {

    @TempDir
    private Path directory;

    private final Networks networks = new Networks();
    private final Station bob = Station.plug(networks, "net1");

    @AfterEach
    void unplug() {
        bob.close();
        Eventually.noThreadIsNamed("busbar-switch-capture-");
    }

    private Port port(String name) {
        return networks.ports().get(name);
    }

    @Test
    void what_crosses_a_port_is_in_its_file_with_direction_time_and_content() throws Exception {
        Path file = directory.resolve("net0.pcapng");
        long before = System.currentTimeMillis();
        byte[] hello = frame(BROADCAST, ALICE, "hello");
        byte[] answer = frame(ALICE, BOB, new byte[3001]);
        try (Station alice = Station.plug(networks, "net0", "capture", file.toString())) {
            alice.send(hello);
            bob.send(answer);
            bob.send(frame(BROADCAST, BOB, "for all"));
            alice.texts();
            alice.send(frame(BOB, BROADCAST, "dropped, as no station sends so"));
        }
        Pcapng capture = Pcapng.read(file);
        assertThat(capture.interfaceName()).isEqualTo("net0");
        assertThat(capture.resolution()).isEqualTo(9);
        assertThat(capture.packets()).extracting(Pcapng.Packet::direction).containsExactly(1, 2, 2, 1);
        assertThat(capture.packets().get(0).bytes()).isEqualTo(hello);
        assertThat(capture.packets().get(1).bytes()).isEqualTo(answer);
        assertThat(capture.packets()).allSatisfy(packet -> assertThat(TimeUnit.NANOSECONDS.toMillis(packet.nanos()))
                .isBetween(before - 1, System.currentTimeMillis() + 1));
        assertThat(capture.received()).isEqualTo(4);
        assertThat(capture.dropped()).isZero();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    }

    @Test
    void tcpdump_reads_it() throws Exception {
        Path file = directory.resolve("net0.pcapng");
        try (Station alice = Station.plug(networks, "net0", "capture", file.toString(), "dhcp", "10.0.5.0/24")) {
            alice.send(Dhcp.of(Frames.number(ALICE), 1).frame());
            Eventually.that(() -> alice.receive() != null, () -> "no offer");
        }
        Process tcpdump;
        try {
            tcpdump = new ProcessBuilder("tcpdump", "-n", "-v", "-r", file.toString()).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw Prerequisite.missing("the program tcpdump: " + e.getMessage());
        }
        String said = new String(tcpdump.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tcpdump.waitFor()).as(said).isZero();
        assertThat(said).contains("10.0.5.1.67", "DHCP-Message (53), length 1: Offer", "Subnet-Mask (1), length 4: 255.255.255.0")
                .doesNotContain("bad", "incorrect", "truncated");
    }

    @Test
    void a_capture_begins_and_ends_while_frames_cross_the_port() throws Exception {
        Path file = directory.resolve("later.pcapng");
        Files.writeString(file, "what was there before, and is longer than nothing".repeat(100));
        bob.send(frame(BROADCAST, BOB, "before"));
        port("net1").startCapture(file);
        bob.send(frame(BROADCAST, BOB, "meanwhile"));
        Eventually.that(() -> port("net1").lastCapture().frames() == 1, () -> "nothing is written");
        port("net1").stopCapture();
        bob.send(frame(BROADCAST, BOB, "after"));
        assertThat(Pcapng.read(file).packets()).singleElement()
                .satisfies(packet -> assertThat(packet.bytes()).isEqualTo(frame(BROADCAST, BOB, "meanwhile")));
    }

    @Test
    void two_captures_do_not_write_to_one_file() throws Exception {
        Path file = directory.resolve("one.pcapng");
        port("net1").startCapture(file);
        try (Station alice = Station.plug(networks, "net0")) {
            assertThat(alice.deviceName()).isEqualTo("net0");
            assertThatThrownBy(() -> port("net0").startCapture(file))
                    .asInstanceOf(InstanceOfAssertFactories.type(BackendException.class))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.IN_USE))
                    .extracting(Throwable::getMessage).asString().contains(file.toString());
        }
        port("net1").stopCapture();
        assertThat(Pcapng.read(file).packets()).isEmpty();
    }

    @Test
    void frames_for_which_the_disk_is_too_slow_are_counted_in_the_file() throws Exception {
        Path file = directory.resolve("burst.pcapng");
        port("net1").startCapture(file);
        Sent frame = new Sent(frame(BROADCAST, BOB, new byte[60_000]));
        int sent = 0;
        while (port("net1").lastCapture().drops() == 0) {
            bob.send(0, frame);
            sent++;
        }
        port("net1").stopCapture();
        Pcapng capture = Pcapng.read(file);
        assertThat(capture.dropped()).isPositive();
        assertThat(capture.received()).isEqualTo(sent);
        assertThat(capture.packets()).hasSize((int) (sent - capture.dropped()));
    }

    @Test
    void a_full_disk_stops_the_capture_with_its_reason_and_the_file_ends_with_a_whole_packet() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        try (SmallFileSystem _ = SmallFileSystem.mountAt(small, 1024)) {
            Path file = small.resolve("full.pcapng");
            port("net1").startCapture(file);
            Capture capture = port("net1").lastCapture();
            Eventually.that(() -> {
                bob.send(frame(BROADCAST, BOB, new byte[9000]));
                return capture.failure() != null;
            }, () -> "the disk is never full");
            assertThat(capture.failure()).isEqualTo("No space left on device");
            assertThat(port("net1").capture()).isNull();
            bob.send(frame(BROADCAST, BOB, "goes on"));
            port("net1").stopCapture();
            assertThat(Pcapng.read(file).packets()).isNotEmpty().hasSize((int) capture.frames());
            assertThat(capture.drops()).isPositive();
        }
    }

    @Test
    void a_device_that_is_refused_takes_back_the_file_that_it_made_and_no_other() throws Exception {
        Path made = directory.resolve("made.pcapng");
        Station.plug(networks, "net0", "capture", made.toString()).backend().revoke();
        assertThat(made).doesNotExist();
        Path old = Files.writeString(directory.resolve("old.pcapng"), "");
        Station.plug(networks, "net0", "capture", old.toString()).backend().revoke();
        assertThat(old).exists();
        assertThat(networks.ports()).containsOnlyKeys("net1");
    }

    @Test
    void nothing_is_allocated_for_a_frame_that_is_captured() throws Exception {
        port("net1").startCapture(directory.resolve("many.pcapng"));
        try (Station alice = Station.plug(networks, "net0")) {
            Sent frame = new Sent(frame(BROADCAST, BOB, new byte[100]));
            assertThat(Allocation.leastOf(() -> {
                for (int i = 0; i < 50_000; i++) {
                    bob.send(0, frame);
                    while (alice.backend().peek(0) != null) {
                        alice.backend().taken(0);
                    }
                }
            })).isZero();
        }
        port("net1").stopCapture();
    }
}
