package io.busbar.itests.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.linux.UnixStream;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.vhostuser.RandomMessages;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Front-ends that lie, stall and die, against a running Busbar with all its parts. After each test Busbar lives, has no
 * more descriptors and mappings than before, and both devices work.
 */
class HostileFrontEndIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final long SEED = 77_000;
    /** Bytes of a guest's memory. */
    private static final int SIZE = 0x4_0000;

    @TempDir
    private static Path directory;

    private static BusbarProcess busbar;
    private static OpenDescriptors before;

    @BeforeAll
    static void start() throws Exception {
        busbar = BusbarProcess.in(directory).start();
        for (String name : List.of("disk0", "other")) {
            busbar.ok("vdpa", "dev", "add", "name", name, "mgmtdev", "sim_block", "backend", "memory",
                    "size", "16M", "queues", "2");
        }
        bothDevicesWork();
        awaitNoMappings();
        before = OpenDescriptors.ofProcess(busbar.pid());
    }

    @AfterAll
    static void stop() {
        busbar.close();
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        assertThat(busbar.isAlive()).as("Busbar lives: %s", busbar.log()).isTrue();
        bothDevicesWork();
        awaitNoMappings();
        before.awaitNoMore("after the test");
    }

    private static void bothDevicesWork() throws LinuxException {
        for (String name : List.of("disk0", "other")) {
            for (int ring = 0; ring < 2; ring++) {
                try (ScriptedDriver driver = ScriptedDriver.start(busbar.socket(name), ScriptedGuest.qemu(), ring)) {
                    driver.getId();
                }
            }
        }
    }

    private static void awaitNoMappings() {
        Eventually.within(SOON, () -> mappings() == 0, () -> "guests' memory is still mapped: " + mappings());
    }

    private static long mappings() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/" + busbar.pid() + "/maps"))) {
            return maps.filter(line -> line.contains("busbar-test-guest")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void messagesAndRingsMadeUpByChance() throws Exception {
        List<UnixStream> pair = UnixStream.pair();
        Random random = new Random(SEED);
        try (ScriptedGuest guest = ScriptedGuest.qemu(); Fd event = EventFd.create(); Epoll epoll = Epoll.create();
                Fd record = MemFd.create("record", 65536, true);
                Mapping mapping = Mapping.map(guest.file().number(), guest.offset(), guest.size(), true)) {
            List<Fd> kinds = List.of(event, event, pair.get(0).fd(), epoll.fd(), record);
            for (int i = 0; i < 150; i++) {
                for (long at = 0; at < guest.size(); at += Long.BYTES) {
                    long value = random.nextInt(3) == 0 ? random.nextInt(SIZE) : guest.guest() + random.nextInt(SIZE);
                    mapping.segment().set(ValueLayout.JAVA_LONG, at, value);
                }
                EventFd.signal(event.number());
                try (ScriptedFrontEnd wire = ScriptedFrontEnd.connect(busbar.socket("disk0"))) {
                    new RandomMessages(guest, kinds, SEED + i).send(wire, 30);
                }
            }
        } finally {
            pair.forEach(UnixStream::close);
        }
    }

    @Test
    void aFrontEndThatDiesWithRequestsInFlight() throws Exception {
        for (int i = 0; i < 30; i++) {
            try (ScriptedDriver driver =
                    ScriptedDriver.start(busbar.socket("disk0"), ScriptedGuest.qemu(), i % 2)) {
                for (int head = 0; head < 60; head++) {
                    long buffer = 0x2_8000 + 64L * head;
                    driver.descriptor(3 * head, buffer, 16, ScriptedDriver.NEXT, 3 * head + 1);
                    driver.descriptor(3 * head + 1, 0, 0x2_0000, ScriptedDriver.NEXT | ScriptedDriver.WRITE, 3 * head + 2);
                    driver.descriptor(3 * head + 2, buffer + 32, 1, ScriptedDriver.WRITE, 0);
                    driver.offer(3 * head);
                }
            }
        }
    }

    @Test
    void aRingThatLoopsOrPointsNowhereIsBrokenAndSetUpAgain() throws Exception {
        try (ScriptedDriver driver = ScriptedDriver.start(busbar.socket("disk0"), ScriptedGuest.qemu(), 0)) {
            driver.descriptor(0, 0, 16, ScriptedDriver.NEXT, 1);
            driver.descriptor(1, 0, 16, ScriptedDriver.NEXT, 0);
            driver.offer(0);
            driver.awaitBroken();
        }
        try (ScriptedDriver driver = ScriptedDriver.start(busbar.socket("disk0"), ScriptedGuest.qemu(), 1)) {
            driver.offer(ScriptedDriver.SIZE);
            driver.awaitBroken();
        }
        try (ScriptedDriver driver = ScriptedDriver.start(busbar.socket("disk0"), ScriptedGuest.qemu(), 0)) {
            driver.moveAvailableIndex(ScriptedDriver.SIZE + 1);
            driver.awaitBroken();
        }
    }

    @Test
    void memoryThatIsTruncatedUnderARunningRing() throws Exception {
        for (int i = 0; i < 10; i++) {
            try (ScriptedDriver driver =
                    ScriptedDriver.start(busbar.socket("disk0"), ScriptedGuest.shrinkable(), i % 2)) {
                driver.getId();
                try (PositionalFile file = PositionalFile.adopt(driver.guest.file().duplicate())) {
                    assertThat(file.truncate(0)).isZero();
                }
                EventFd.signal(driver.kick.number());
                driver.wire.expectClosed();
            }
        }
    }

    @Test
    void whoStallsInsideAMessageOrDoesNotReadHarmsNobodyElse() throws Exception {
        try (ScriptedFrontEnd stalled = ScriptedFrontEnd.connect(busbar.socket("disk0"))) {
            stalled.sendRaw(new byte[] {1, 0, 0, 0, 1, 0});
            for (int i = 0; i < 5; i++) {
                try (ScriptedDriver driver =
                        ScriptedDriver.start(busbar.socket("other"), ScriptedGuest.qemu(), 0)) {
                    driver.getId();
                }
            }
        }
        try (ScriptedFrontEnd deaf = ScriptedFrontEnd.connect(busbar.socket("disk0"))) {
            byte[] question = ScriptedFrontEnd.message(1, ScriptedFrontEnd.PLAIN, ScriptedFrontEnd.none());
            int sent = question.length;
            for (int i = 0; i < 100_000 && sent == question.length; i++) {
                sent = deaf.trySendRaw(question);
            }
            assertThat(sent).as("the connection was closed").isIn(-Errno.EPIPE, -Errno.ECONNRESET);
        }
    }
}
