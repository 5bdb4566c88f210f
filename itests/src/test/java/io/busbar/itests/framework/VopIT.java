package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.SwapRequest;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopRole;
import io.busbar.itests.Eventually;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;

/** A disk of the host is one of a card: both ends of VOP, over a link in this process. */
@ExtendWith(InFramework.class)
@Timeout(180)
class VopIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int BYTES = 8 << 20;
    private static final String LINK_CLASSES = "io/busbar/testkit/vop/";
    private static final String CARD = "mic0";

    private BundleContext context;
    private Bundle link;
    private Path directory;

    @BeforeEach
    void begin(BundleContext inside) throws Exception {
        context = inside;
        directory = Files.createTempDirectory("busbar-vop");
        link = context.installBundle("test:link", new ByteArrayInputStream(linkBundle()));
        link.start();
        eventually("the card has its bus", () -> bus(CARD).isPresent());
        host().devAdd("sim_block", new AddRequest("disk0", Map.of("backend", "file", "path", image("disk0").toString(),
                "size", String.valueOf(BYTES), VdpaBus.DRIVER_OVERRIDE, "vop-mic0")), false);
    }

    @AfterEach
    void end() throws Exception {
        for (BusSnapshot.Device device : host().snapshot().devices()) {
            host().devDel(device.name());
        }
        link.uninstall();
        eventually("the card's bus is gone", () -> bus(CARD).isEmpty());
        try (var files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    private Path image(String name) {
        return directory.resolve(name + ".img");
    }

    private static byte[] linkBundle() throws IOException {
        var manifest = new Manifest();
        var main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Bundle-ManifestVersion", "2");
        main.putValue("Bundle-SymbolicName", "test.link");
        main.putValue("Bundle-Activator", LoopbackLinks.class.getName());
        main.putValue("Import-Package", "org.osgi.framework,io.busbar.api.vop,io.busbar.api.memory,io.busbar.core.linux");
        var bytes = new ByteArrayOutputStream();
        try (var jar = new JarOutputStream(bytes, manifest)) {
            put(jar, LoopbackLinks.class.getName().replace('.', '/') + ".class");
            for (String path : linkClasses()) {
                put(jar, path);
            }
        }
        return bytes.toByteArray();
    }

    private static void put(JarOutputStream jar, String path) throws IOException {
        jar.putNextEntry(new JarEntry(path));
        try (InputStream content = ClassLoader.getSystemResourceAsStream(path)) {
            content.transferTo(jar);
        }
    }

    private static Iterable<String> linkClasses() throws IOException {
        URI one = URI.create(ClassLoader.getSystemResource(LINK_CLASSES + "LoopbackLink.class").toString());
        if (one.getScheme().equals("file")) {
            return names(Path.of(one).getParent());
        }
        try (FileSystem jar = FileSystems.newFileSystem(one, Map.of())) {
            return names(jar.getPath(LINK_CLASSES));
        }
    }

    private static Iterable<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> LINK_CLASSES + file.getFileName()).filter(name -> name.matches(".*/(Loopback|VopRig)[^/]*")).toList();
        }
    }

    private Optional<VdpaBus> bus(String name) {
        return service(VdpaBus.class, "(" + VdpaBus.BUS + "=" + name + ")");
    }

    private VdpaBus host() {
        return bus(VdpaBus.HOST).orElseThrow();
    }

    private <T> Optional<T> service(Class<T> type, String filter) {
        try {
            return context.getServiceReferences(type, filter).stream().findFirst().map(context::getService);
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static Optional<BusSnapshot.Device> shown(VdpaBus bus, String name) {
        return bus.snapshot().devices().stream().filter(device -> device.name().equals(name)).findFirst();
    }

    private void eventually(String what, BooleanSupplier condition) {
        Eventually.within(DEADLINE, condition, () -> "not: " + what + "; host: " + host().snapshot().devices() + "; card: "
                + bus(CARD).map(bus -> bus.snapshot().devices().toString()).orElse("no bus"));
    }

    /** The disk as a driver in this process has it on the card. */
    private BlockDriver drive() throws Exception {
        return drive("block0");
    }

    private BlockDriver drive(String name) throws Exception {
        VdpaBus card = bus(CARD).orElseThrow();
        eventually("the card has the disk", () -> shown(card, name).isPresent());
        card.setDriverOverride(name, Optional.of("virtio"));
        String filter = "(&(" + DeviceDriver.DEVICE + "=" + name + ")(" + DeviceDriver.BUS + "=" + CARD + "))";
        eventually("the disk is driven", () -> service(BlockDriver.class, filter).isPresent());
        return service(BlockDriver.class, filter).orElseThrow();
    }

    private LinkCounters counters(VopRole role, String device) throws Exception {
        for (var reference : context.getServiceReferences(VopDevice.class, null)) {
            VopDevice end = context.getService(reference);
            if (end.role() == role) {
                return end.ops().meter(device, 0).read();
            }
        }
        throw new AssertionError("no " + role);
    }

    @Test
    void whatADriverOfTheCardWritesIsInTheImageOfTheHost() throws Exception {
        BlockDriver disk = drive();
        byte[] bytes = new byte[3 << 20];
        new Random(1).nextBytes(bytes);
        disk.write(1 << 20, MemorySegment.ofArray(bytes));
        disk.flush();

        assertThat(disk.capacity()).isEqualTo(BYTES);
        assertThat(Files.readAllBytes(image("disk0"))).hasSize(BYTES).containsSequence(bytes);
        BusSnapshot.Device shown = shown(host(), "disk0").orElseThrow();
        assertThat(shown.busDriver()).isEqualTo("vop-mic0");
        assertThat(shown.state()).isEqualTo(State.RUNNING);
    }

    @Test
    void whatThreadsWriteIsWhatTheyReadAndNeitherEndReadsOverTheLink() throws Exception {
        BlockDriver disk = drive();
        var load = new DiskLoad(disk, BYTES);
        try (load) {
            load.go(100);
            long host = counters(VopRole.HOST, "disk0").nonPostedReads();
            long card = counters(VopRole.CARD, "block0").nonPostedReads();
            load.go(300);
            assertThat(counters(VopRole.HOST, "disk0").nonPostedReads()).isEqualTo(host);
            assertThat(counters(VopRole.CARD, "block0").nonPostedReads()).isEqualTo(card);
        }
        assertThat(load.ends()).isEmpty();
        assertThat(counters(VopRole.HOST, "disk0").dmaBytes()).isPositive();
    }

    @Test
    void anotherBackendIsNotSeenOnTheCard() throws Exception {
        BlockDriver disk = drive();
        var load = new DiskLoad(disk, BYTES);
        try (load) {
            for (int i = 0; i < 5; i++) {
                load.go(30);
                host().swapBackend("disk0", new SwapRequest("file",
                        Map.of("path", image("disk0").toString()), Duration.ofSeconds(5), false));
            }
            load.go(30);
        }
        assertThat(load.ends()).isEmpty();
    }

    /** The device is behind a socket, as one of another process is: it maps the memory that it is given. */
    @Test
    void aDeviceBehindASocketIsOneOfTheCardToo() throws Exception {
        host().devAdd("sim_block", new AddRequest("disk1", Map.of("backend", "memory", "size", String.valueOf(BYTES))), false);
        String socket = Path.of(System.getProperty(InFramework.STATE)).resolve("disk1.sock").toString();
        host().devAdd("vhost_user", new AddRequest("far0", Map.of("socket", socket, "class", "block",
                VdpaBus.DRIVER_OVERRIDE, "vop-mic0")), false);
        BlockDriver disk = drive("block1");
        var load = new DiskLoad(disk, BYTES);
        try (load) {
            load.go(200);
        }
        assertThat(load.ends()).isEmpty();
        assertThat(shown(host(), "far0").orElseThrow().busDriver()).isEqualTo("vop-mic0");
        host().devDel("far0");
    }

    @Test
    void aDiskThatGrowsDoesSoOnTheCard() throws Exception {
        BlockDriver disk = drive();
        ((ResizableCapacity) device("disk0").ops()).resize(2L * BYTES);

        eventually("the driver knows", () -> disk.capacity() == 2L * BYTES);
    }

    private VdpaDevice device(String name) throws Exception {
        return host().device(name).orElseThrow();
    }

    @Test
    void aDeviceThatIsRemovedGoesFromTheCardAndMayComeAgain() throws Exception {
        drive();
        host().devDel("disk0");
        VdpaBus card = bus(CARD).orElseThrow();
        eventually("it is gone", () -> shown(card, "block0").isEmpty());

        host().devAdd("sim_block", new AddRequest("other", Map.of("backend", "memory", "size", "4M",
                VdpaBus.DRIVER_OVERRIDE, "vop-mic0")), false);
        assertThat(drive().capacity()).isEqualTo(4 << 20);
    }

    @Test
    void aLinkThatEndsTakesTheCardsBusAndComesBackWithIt() throws Exception {
        drive().write(0, MemorySegment.ofArray(new byte[512]));
        link.stop();
        eventually("the bus is gone", () -> bus(CARD).isEmpty());
        assertThat(shown(host(), "disk0").orElseThrow().busDriver()).isEmpty();

        link.start();
        eventually("the bus is back", () -> bus(CARD).isPresent());
        BlockDriver disk = drive();
        disk.write(512, MemorySegment.ofArray(new byte[512]));
    }
}
