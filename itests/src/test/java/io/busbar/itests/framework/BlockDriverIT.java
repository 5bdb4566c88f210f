package io.busbar.itests.framework;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.State;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;

/** Disks of the bus that are driven in this process, as the services that other bundles use. */
@ExtendWith(InFramework.class)
@Timeout(180)
class BlockDriverIT {
    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final int BYTES = 8 << 20;
    private static final int BLOCK = 512;
    private static final int IDLE = 20;

    private BundleContext context;
    private Path directory;

    @BeforeEach
    void begin(BundleContext inside) throws IOException {
        context = inside;
        directory = Files.createTempDirectory("busbar-disk");
    }

    @AfterEach
    void end() throws Exception {
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getSymbolicName().startsWith("io.busbar.")) {
                bundle.start();
            }
        }
        eventually("the bus is back", () -> context.getServiceReference(VdpaBus.class) != null);
        for (var device : bus().snapshot().devices()) {
            bus().devDel(device.name());
        }
        try (var files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    private VdpaBus bus() {
        return context.getService(context.getServiceReference(VdpaBus.class));
    }

    private BlockDriver add(String name, String backend, String... words) throws Exception {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("backend", backend);
        all.put("size", String.valueOf(BYTES));
        if (backend.equals("file")) {
            all.put("path", directory.resolve(name + ".img").toString());
        }
        for (int i = 0; i < words.length; i += 2) {
            all.put(words[i], words[i + 1]);
        }
        all.put(VdpaBus.DRIVER_OVERRIDE, "virtio");
        bus().devAdd("sim_block", new AddRequest(name, all), false);
        return driver(name).orElseThrow();
    }

    private Optional<BlockDriver> driver(String name) {
        try {
            return context.getServiceReferences(BlockDriver.class, "(" + DeviceDriver.DEVICE + "=" + name + ")").stream()
                    .findFirst().map(context::getService);
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private BusSnapshot.Device shown(String name) {
        return bus().snapshot().devices().stream()
                .filter(device -> device.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> bundle.getSymbolicName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void eventually(String what, BooleanSupplier condition) {
        Eventually.within(DEADLINE, condition, () -> "not: " + what);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({
        "memory,device", "memory,platform", "memory,incremental", "file,device", "file,platform", "file,incremental"
    })
    void whatThreadsWriteIsWhatTheyReadHoweverTheDeviceTranslates(String backend, String dma) throws Exception {
        BlockDriver disk = add("disk0", backend, "dma", dma);
        assertThat(disk.capacity()).isEqualTo(BYTES);
        assertThat(shown("disk0").state()).isEqualTo(State.RUNNING);
        assertThat(shown("disk0").busDriver()).isEqualTo("virtio");
        var load = new DiskLoad(disk, BYTES);
        try (load) {
            load.go(300);
        }
        assertThat(load.ends()).isEmpty();
        assertThat(shown("disk0").dmaFaults()).isZero();
    }

    @Test
    void whatWasWrittenAndFlushedIsInTheFileAndWhatWasDiscardedIsNot() throws Exception {
        BlockDriver disk = add("disk0", "file");
        byte[] bytes = random(1 << 20, 1);
        disk.write(1 << 20, MemorySegment.ofArray(bytes));
        disk.flush();
        try (var file = Files.newByteChannel(directory.resolve("disk0.img"))) {
            var read = ByteBuffer.allocate(bytes.length);
            file.position(1 << 20);
            while (read.hasRemaining() && file.read(read) >= 0) {
                // until it is full
            }
            assertThat(read.array()).isEqualTo(bytes);
        }
        assertThat(disk.canDiscard()).isTrue();
        disk.discard(1 << 20, 1 << 20);
        byte[] after = new byte[bytes.length];
        disk.read(1 << 20, MemorySegment.ofArray(after));
        assertThat(after).containsOnly(0);
    }

    @Test
    void aResizeIsSeenAndTheNewRoomIsUsed() throws Exception {
        BlockDriver disk = add("disk0", "memory");
        var device = bus().device("disk0").orElseThrow();
        ((ResizableCapacity) device.ops()).resize(2L * BYTES);
        eventually("the driver knows", () -> disk.capacity() == 2L * BYTES);
        byte[] bytes = random(4096, 1);
        disk.write(2L * BYTES - 4096, MemorySegment.ofArray(bytes));
        byte[] read = new byte[4096];
        disk.read(2L * BYTES - 4096, MemorySegment.ofArray(read));
        assertThat(read).isEqualTo(bytes);
    }

    @Test
    void aReadOnlyDiskSaysSo() throws Exception {
        add("disk0", "file");
        bus().devDel("disk0");
        BlockDriver disk = add("disk0", "file", "readonly", "on");
        assertThat(disk.readOnly()).isTrue();
        assertThatThrownBy(() -> disk.write(0, MemorySegment.ofArray(new byte[BLOCK])))
                .isInstanceOf(DriverException.class)
                .hasMessage("disk0: write of 512 bytes at 0: the device is read-only");
    }

    @Test
    void aDeviceThatIsRemovedUnderLoadFailsWhatWasInFlightAndSaysWhy() throws Exception {
        BlockDriver disk = add("disk0", "file");
        try (var load = new DiskLoad(disk, BYTES)) {
            load.go(50);
            bus().devDel("disk0");
            eventually("all threads were told", load::isOver);
            assertThat(load.ends()).hasSize(DiskLoad.THREADS).allSatisfy(failure -> assertThat(failure)
                    .isInstanceOf(DriverException.class)
                    .hasMessageStartingWith("disk0: ")
                    .hasMessageEndingWith(": the device was unbound from its driver"));
            assertThat(driver("disk0")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io.busbar.backends.file", "io.busbar.devices.block"})
    void requestsWaitWhileAPartIsAwayAndGoOnWhenItIsBack(String part) throws Exception {
        BlockDriver disk = add("disk0", "file");
        var load = new DiskLoad(disk, BYTES);
        try (load) {
            for (int i = 0; i < 3; i++) {
                load.go(50);
                bundle(part).stop();
                assertThat(shown("disk0").state()).isEqualTo(State.HELD);
                bundle(part).start();
            }
            load.go(50);
        }
        assertThat(load.ends()).isEmpty();
    }

    @Test
    void aThreadThatWaitsForADeviceThatHoldsCanBeInterrupted() throws Exception {
        BlockDriver disk = add("disk0", "memory");
        bundle("io.busbar.backends.memory").stop();
        List<Throwable> ends = new CopyOnWriteArrayList<>();
        Thread reader = Thread.ofPlatform().start(() -> {
            try {
                disk.read(0, MemorySegment.ofArray(new byte[BLOCK]));
            } catch (Throwable e) {
                ends.add(e);
            }
        });
        eventually("it waits", () -> reader.getState() == Thread.State.WAITING);
        reader.interrupt();
        assertThat(reader.join(DEADLINE)).isTrue();
        assertThat(ends).singleElement().isInstanceOf(InterruptedIOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"io.busbar.drivers.sim", "io.busbar.bus-drivers.virtio", "io.busbar.core.bus"})
    void whoComesBackUnderTheDriverBringsItBack(String part) throws Exception {
        BlockDriver before = add("disk0", "file");
        byte[] bytes = random(4096, 1);
        before.write(0, MemorySegment.ofArray(bytes));
        bundle(part).stop();
        assertThat(driver("disk0")).isEmpty();
        assertThatThrownBy(before::flush).isInstanceOf(DriverException.class)
                .satisfies(gone -> assertThat(((DriverException) gone).kind()).isEqualTo(DriverException.Kind.GONE));
        bundle(part).start();
        if (part.equals("io.busbar.core.bus")) {
            eventually("the bus is back", () -> context.getServiceReference(VdpaBus.class) != null);
            add("disk0", "file");
        }
        eventually("it is driven again", () -> driver("disk0").isPresent());
        byte[] read = new byte[4096];
        driver("disk0").orElseThrow().read(0, MemorySegment.ofArray(read));
        assertThat(read).isEqualTo(bytes);
    }

    @Test
    void aDeviceMovesFromVhostUserToThisProcessAndBack() throws Exception {
        bus().devAdd("sim_block", new AddRequest("disk0", Map.of("backend", "memory", "size", "1M")), false);
        assertThat(shown("disk0").busDriver()).isEqualTo("vhost-user");
        assertThat(driver("disk0")).isEmpty();

        bus().setDriverOverride("disk0", Optional.of("virtio"));
        byte[] bytes = random(4096, 1);
        driver("disk0").orElseThrow().write(0, MemorySegment.ofArray(bytes));

        bus().setDriverOverride("disk0", Optional.empty());
        assertThat(shown("disk0").busDriver()).isEqualTo("vhost-user");
        assertThat(shown("disk0").state()).isEqualTo(State.BOUND);
        assertThat(driver("disk0")).isEmpty();
    }

    /** Each device has a thread of its driver and a worker of the engine; measured are those alone. */
    @Test
    void devicesThatAreIdleCostNothing() throws Exception {
        for (int i = 0; i < IDLE; i++) {
            BlockDriver disk = add("idle" + i, "memory");
            disk.write(0, MemorySegment.ofArray(new byte[4096]));
        }
        Thread.sleep(500); // the workers end what they did before, and go to sleep
        long before = cpuNanos();
        Thread.sleep(10_000); // what is measured is ten seconds in which nothing happens
        long used = cpuNanos() - before;
        assertThat(threads()).hasSize(2 * IDLE);
        assertThat(TimeUnit.NANOSECONDS.toMillis(used)).isLessThanOrEqualTo(20);
    }

    private static List<ThreadInfo> threads() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().matches("busbar-(virtio-)?idle\\d+(-q0)?"))
                .toList();
    }

    private static long cpuNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return threads().stream().mapToLong(thread -> threads.getThreadCpuTime(thread.getThreadId())).sum();
    }
}
