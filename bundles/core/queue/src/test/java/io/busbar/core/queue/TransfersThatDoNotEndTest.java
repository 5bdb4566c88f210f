package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.device.Chain;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.IoUring;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.OpenFlag;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Asynchronous transfers that the kernel does not take, or does not end. */
@Timeout(120)
class TransfersThatDoNotEndTest {

    private static final int SIZE = 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final EngineSettings IMPATIENT =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(1), 2, 1, false);

    @TempDir
    Path directory;

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final BlockingQueue<Long> results = new LinkedBlockingQueue<>();
    private final IoCompletion told = (chain, result) -> {
        results.add(result);
        ((Chain) chain).complete(0);
    };
    private TestDriver driver;
    private SoftwareDataPath path;
    private DriverRing ring;

    @BeforeEach
    void makeDriver() throws Exception {
        assertThat(IoUring.unavailabilityCause()).isEmpty();
        // Those of tests before are closed by their threads, which end when they come to it.
        await("the end of other rings", () -> rings().isEmpty());
        driver = new TestDriver();
    }

    @AfterEach
    void closeAll() {
        path.close();
        driver.close();
    }

    private void start(Consumer<Chain> work) throws Exception {
        path = new SoftwareDataPath("transfers", 1, (index, sentence) -> broken.add(sentence), IMPATIENT, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(new TestModel(work));
        driver.setUp(path, 0, SIZE);
        path.run();
        ring = driver.ring(0, SIZE, FEATURES);
    }

    private void send() {
        assertThat(ring.add(new long[] {TestDriver.buffer(0), TestDriver.buffer(1)}, new int[] {512, 4096}, 1, 1, 0))
                .isZero();
        ring.publish();
        path.kick(0);
    }

    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.yield();
        }
    }

    /** Descriptors of io_urings. */
    private static List<Integer> rings() {
        return descriptors(name -> name.contains("io_uring"));
    }

    private static List<Integer> descriptors(Predicate<String> named) {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(descriptor -> named.test(nameOf(descriptor)))
                    .map(descriptor -> Integer.valueOf(descriptor.getFileName().toString()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String nameOf(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }

    private static boolean lives(String thread) {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(other -> other.getName().equals(thread));
    }

    @Test
    void transfers_that_the_kernel_refuses_end_as_not_begun() throws Exception {
        try (Fd file = MemFd.create("disk", 8192, true)) {
            start(chain -> assertThat(
                    chain.readable().startWriteTo(file.number(), 0, false, told, chain)).isTrue());
            send();
            assertThat(results.poll(20, TimeUnit.SECONDS)).isEqualTo(512);
            assertThat(rings()).hasSize(1);
            replaceByFile(rings().getFirst());

            for (int i = 0; i < 3; i++) {
                send();
                assertThat(results.poll(20, TimeUnit.SECONDS)).isEqualTo(-Errno.EAGAIN);
            }
            assertThat(broken).isEmpty();
            path.reset();
        }
    }

    /** What stands in the ring's place refuses everything, and is closed by whoever thinks that it is the ring. */
    private static void replaceByFile(int ring) throws Exception {
        Fd.own(ring).close();
        assertThat(MemFd.create("no ring", 4096, true).number()).isEqualTo(ring);
    }

    @Test
    void a_transfer_that_does_not_end_by_itself_is_cancelled_and_its_end_is_told_when_the_device_is_closed()
            throws Exception {
        Path pipe = directory.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
        try (var writing = new java.io.RandomAccessFile(pipe.toFile(), "rw")) {
            int descriptor = descriptors(pipe.toString()::equals).getFirst();
            start(chain -> assertThat(chain.writable().startReadFrom(descriptor, -1, told, chain)).isTrue());
            send();
            await("the transfer", () -> path.counters(0).get("chains") == 1);
            path.close();
            assertThat(results.poll(20, TimeUnit.SECONDS)).isEqualTo(-Errno.ECANCELED);
            await("the device is let go", () -> path.health().ok());
            await("the thread ends", () -> !lives("busbar-transfers-q0"));
            assertThat(writing.getFD().valid()).isTrue();
        }
    }

    @Test
    void a_transfer_that_cannot_be_cancelled_keeps_its_thread_and_ring_until_it_ends() throws Exception {
        Path mount = mountFileSystem();
        try (PositionalFile file =
                PositionalFile.open(mount.resolve("disk"), OpenFlag.READ_WRITE, OpenFlag.CREATE)) {
            start(chain -> assertThat(
                    chain.readable().startWriteTo(file.fd().number(), 0, false, told, chain)).isTrue());
            Prerequisite.require(run("fsfreeze", "-f", mount.toString()), "program fsfreeze, from package util-linux, and the right to freeze");
            try {
                send();
                await("the transfer", () -> path.counters(0).get("chains") == 1);
                path.close();
                assertThat(path.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
                assertThat(results.poll(3, TimeUnit.SECONDS)).as("an end while the disk is frozen").isNull();
                assertThat(rings()).hasSize(1);
                assertThat(lives("busbar-transfers-q0")).isTrue();
            } finally {
                run("fsfreeze", "-u", mount.toString());
            }
            assertThat(results.poll(20, TimeUnit.SECONDS)).isNotNull();
            await("the device is let go", () -> path.health().equals(Health.OK));
            await("the thread ends", () -> !lives("busbar-transfers-q0"));
            assertThat(rings()).isEmpty();
        } finally {
            run("umount", mount.toString());
        }
    }

    private Path mountFileSystem() throws Exception {
        Path image = directory.resolve("image");
        try (var file = new java.io.RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(16 << 20);
        }
        Path mount = Files.createDirectory(directory.resolve("mount"));
        path = new SoftwareDataPath("none", 1, (index, sentence) -> { }, IMPATIENT, 1024);
        Prerequisite.require(run("mkfs.ext4", "-q", image.toString()), "program mkfs.ext4, from package e2fsprogs");
        Prerequisite.require(run("mount", "-o", "loop", image.toString(), mount.toString()), "the right to mount an ext4 file system on a loop device");
        return mount;
    }

    private static boolean run(String... command) throws Exception {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException none) {
            return false;
        }
    }
}
