package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.TerminalSize;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;

/** Consoles of the bus that are driven in this process, with somebody at the sockets of their backend. */
@ExtendWith(InFramework.class)
@Timeout(180)
class ConsoleDriverIT {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int MIB = 1 << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private BundleContext context;
    private Path folder;

    @BeforeEach
    void begin(BundleContext inside) throws IOException {
        context = inside;
        folder = Files.createTempDirectory("con");
    }

    @AfterEach
    void end() throws Exception {
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getSymbolicName().startsWith("io.busbar.")) {
                bundle.start();
            }
        }
        // The far one first: it is served by the other.
        for (var device : bus().snapshot().devices().reversed()) {
            bus().devDel(device.name());
        }
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    private ConsoleDriver add(String... words) throws Exception {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("backend", "socket");
        all.put("path", folder.resolve("c").toString());
        for (int i = 0; i < words.length; i += 2) {
            all.put(words[i], words[i + 1]);
        }
        all.put(VdpaBus.DRIVER_OVERRIDE, "virtio");
        bus().devAdd("sim_console", new AddRequest("con0", all), false);
        return driver().orElseThrow();
    }

    private Optional<ConsoleDriver> driver() {
        return driver("con0");
    }

    private Optional<ConsoleDriver> driver(String device) {
        try {
            return context.getServiceReferences(ConsoleDriver.class, "(" + DeviceDriver.DEVICE + "=" + device + ")").stream()
                    .findFirst().map(context::getService);
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static void eventually(String what, BooleanSupplier condition) {
        Eventually.within(DEADLINE, condition, () -> "not: " + what);
    }

    private static ConsoleDriver.Port port(ConsoleDriver console, String name) throws IOException {
        return console.port(name, DEADLINE).orElseThrow();
    }

    private SocketChannel connect(String name) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve(name)));
    }

    private static byte[] random(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** Somebody who sends on a thread of its own. */
    private static Thread sends(SocketChannel to, byte[] bytes) {
        return Thread.ofPlatform().daemon().start(() -> {
            try {
                ByteBuffer rest = ByteBuffer.wrap(bytes);
                while (rest.hasRemaining()) {
                    to.write(rest);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static Thread sends(OutputStream to, byte[] bytes) {
        return Thread.ofPlatform().daemon().start(() -> {
            try {
                to.write(bytes);
                to.flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static byte[] receive(SocketChannel from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            assertThat(from.read(bytes)).as("bytes after %d", bytes.position()).isPositive();
        }
        return bytes.array();
    }

    private static void bothWays(ConsoleDriver.Port port, SocketChannel end, int seed) throws Exception {
        Thread in = sends(end, random(MIB, seed));
        Thread out = sends(port.output(), random(MIB, seed + 1));
        assertThat(receive(end, MIB)).isEqualTo(random(MIB, seed + 1));
        assertThat(port.input().readNBytes(MIB)).isEqualTo(random(MIB, seed));
        assertThat(in.join(DEADLINE)).isTrue();
        assertThat(out.join(DEADLINE)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"device", "platform", "incremental"})
    void aMebibyteGoesBothWaysThroughTheConsoleAndThroughANamedPortHoweverTheDeviceTranslates(String dma) throws Exception {
        ConsoleDriver console = add("dma", dma, "ports", "data");
        assertThat(console.maxPorts()).isEqualTo(2);
        try (SocketChannel first = connect("c"); SocketChannel data = connect("c.data")) {
            ConsoleDriver.Port named = port(console, "data");
            eventually("its other end is open", named::isOpen);
            bothWays(named, data, 1);
            bothWays(port(console, "console"), first, 3);
        }
        assertThat(bus().snapshot().devices().getFirst().state()).isEqualTo(State.RUNNING);
    }

    @Test
    void aConsoleAloneHasNoControlMessagesAndBothWaysAreTheSame() throws Exception {
        ConsoleDriver console = add();
        assertThat(console.ports()).singleElement().matches(ConsoleDriver.Port::isOpen);
        try (SocketChannel end = connect("c")) {
            bothWays(port(console, "console"), end, 5);
        }
    }

    /** The far process is Busbar itself, which serves con0 at its socket. */
    @Test
    void aConsoleOfAnotherProcessIsDrivenToo() throws Exception {
        bus().devAdd("sim_console", new AddRequest(
                "con0", Map.of("backend", "socket", "path", folder.resolve("c").toString())), false);
        eventually("it is served", () -> !bus().snapshot().devices().getFirst().endpoint().isEmpty());
        bus().devAdd("vhost_user", new AddRequest("far0", Map.of("socket", bus().snapshot().devices().getFirst().endpoint(),
                "class", "console", VdpaBus.DRIVER_OVERRIDE, "virtio")), false);
        eventually("it is driven", () -> driver("far0").isPresent());
        try (SocketChannel end = connect("c")) {
            bothWays(port(driver("far0").orElseThrow(), "console"), end, 11);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"data", ""})
    void whoLooksOnTypesToTheDriverAndItsTerminalsSizeIsSeen(String ports) throws Exception {
        ConsoleDriver console = ports.isEmpty() ? add() : add("ports", ports);
        ConsoleDriver.Port port = port(console, "console");
        ConsoleAccess access = (ConsoleAccess) bus().device("con0").orElseThrow().ops();
        try (ConsoleViewer viewer = access.view(0, ConsoleViewer.Mode.TYPE, "me")) {
            viewer.resize(123, 45);
            eventually("its size", () -> console.size().equals(Optional.of(new TerminalSize(123, 45))));
            byte[] typed = "hello\r".getBytes(StandardCharsets.US_ASCII);
            assertThat(viewer.type(typed, 0, typed.length)).isEqualTo(typed.length);
            assertThat(port.input().readNBytes(typed.length)).isEqualTo(typed);
            port.write(ByteBuffer.wrap(typed));
            byte[] seen = new byte[typed.length];
            eventually("it is seen", () -> viewer.read(seen, 0, seen.length) == seen.length);
            assertThat(seen).isEqualTo(typed);
        }
    }

    @Test
    void aByteInAnEmergencyIsSeenAtTheOtherEnd() throws Exception {
        ConsoleDriver console = add();
        try (SocketChannel end = connect("c")) {
            port(console, "console").write(ByteBuffer.wrap(random(10, 7)));
            assertThat(receive(end, 10)).isEqualTo(random(10, 7));
            assertThat(console.canWriteInEmergency()).isTrue();
            console.emergencyWrite((byte) '!');
            assertThat(receive(end, 1)).containsExactly('!');
        }
    }

    @Test
    void aWriterIsHeldBackByAReaderWhoDoesNotRead() throws Exception {
        ConsoleDriver console = add("ports", "data");
        ConsoleDriver.Port port = port(console, "data");
        try (SocketChannel data = connect("c.data")) {
            eventually("its other end is open", port::isOpen);
            byte[] much = random(8 * MIB, 8);
            Thread writer = sends(port.output(), much);
            eventually("it waits", () -> writer.getState() == Thread.State.TIMED_WAITING);
            assertThat(receive(data, much.length)).isEqualTo(much);
            assertThat(writer.join(DEADLINE)).isTrue();
        }
    }

    @Test
    void aWriterWaitsWhileTheBackendIsAwayAndGoesOnWhenItIsBack() throws Exception {
        ConsoleDriver console = add();
        ConsoleDriver.Port port = port(console, "console");
        bundle("io.busbar.backends.socket").stop();
        eventually("it holds", () -> bus().snapshot().devices().getFirst().state() == State.HELD);
        Thread writer = sends(port.output(), random(100, 9));
        eventually("it waits", () -> writer.getState() == Thread.State.TIMED_WAITING);
        bundle("io.busbar.backends.socket").start();
        assertThat(writer.join(DEADLINE)).isTrue();
        try (SocketChannel end = connect("c")) {
            assertThat(receive(end, 100)).as("the scrollback").isEqualTo(random(100, 9));
        }
    }

    @Test
    void aConsoleThatIsRemovedTellsWhoReads() throws Exception {
        ConsoleDriver console = add();
        ConsoleDriver.Port port = port(console, "console");
        bus().devDel("con0");
        assertThat(driver()).isEmpty();
        assertThatThrownBy(() -> port.read(ByteBuffer.allocate(1))).isInstanceOf(DriverException.class)
                .hasMessage("con0 console: read: the device was unbound from its driver");
    }

    @Test
    void nothingIsAllocatedForBytesThatGoAndComeAtOnce() throws Exception {
        ConsoleDriver console = add();
        ConsoleDriver.Port port = port(console, "console");
        try (SocketChannel end = connect("c")) {
            Thread.ofPlatform().daemon().start(() -> echo(end));
            ByteBuffer out = ByteBuffer.allocateDirect(1000);
            ByteBuffer in = ByteBuffer.allocateDirect(64 << 10);
            long lane = laneId();
            eventually("a round in which nothing is allocated", () -> {
                long before = allocated(lane);
                for (int i = 0; i < 2000; i++) {
                    roundTrip(port, out, in);
                }
                return allocated(lane) == before;
            });
        }
    }

    private static void roundTrip(ConsoleDriver.Port port, ByteBuffer out, ByteBuffer in) {
        try {
            out.clear();
            in.clear();
            while (in.position() < out.capacity()) {
                port.offer(out);
                port.poll(in);
            }
        } catch (DriverException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void echo(SocketChannel end) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(64 << 10);
        try {
            while (end.read(bytes.clear()) > 0) {
                bytes.flip();
                while (bytes.hasRemaining()) {
                    end.write(bytes);
                }
            }
        } catch (IOException _) {
            // The test is over.
        }
    }

    private static long laneId() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("busbar-virtio-con0"))
                .findFirst().orElseThrow().threadId();
    }

    /** Bytes that the lane and this thread have allocated. */
    private static long allocated(long lane) {
        return THREADS.getThreadAllocatedBytes(lane) + THREADS.getThreadAllocatedBytes(Thread.currentThread().threadId());
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
