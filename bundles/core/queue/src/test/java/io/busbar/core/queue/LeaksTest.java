package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.device.Chain;
import io.busbar.api.memory.IoCompletion;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.machine.Eventually;
import io.busbar.testkit.machine.OpenDescriptors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Descriptors, threads and mappings of data paths that have ended, and of records that were replaced. */
@Timeout(120)
class LeaksTest {

    private static final int SIZE = 16;
    private static final int RECORD_BYTES = 1 << 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final EngineSettings SETTINGS =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(10), 2, 2, false);
    private static final IoCompletion READ = (chain, bytes) -> ((Chain) chain).complete(bytes);

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private TestDriver driver;
    private Fd disk;
    private Fd record;

    @BeforeEach
    void open() throws Exception {
        driver = new TestDriver();
        disk = MemFd.create("test-disk", 1 << 16, true);
        record = MemFd.create("test-record", RECORD_BYTES, true);
    }

    @AfterEach
    void close() {
        assertThat(broken).isEmpty();
        driver.close();
        disk.close();
        record.close();
    }

    private InflightArea area(long offset) {
        return new InflightArea(record.number(), RECORD_BYTES - offset, offset, 2, SIZE);
    }

    private SoftwareDataPath serve() throws Exception {
        driver.ours.segment().asSlice(0, TestDriver.table(2) - TestDriver.IOVA).fill((byte) 0);
        SoftwareDataPath path =
                new SoftwareDataPath("leaks", 2, (index, sentence) -> broken.add(sentence), SETTINGS, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.setInflight(area(0));
        path.attach(new TestModel(this::readTwice));
        driver.setUp(path, 0, SIZE);
        driver.setUp(path, 1, SIZE);
        path.run();
        exchange(driver.ring(0, SIZE, FEATURES));
        exchange(driver.ring(1, SIZE, FEATURES));
        return path;
    }

    /** Once on an I/O thread, once asynchronously. */
    private void readTwice(Chain chain) {
        if (chain.slot() % 2 == 0) {
            chain.onIoThread((late, attachment) -> late.complete(late.writable().readFrom(disk.number(), 0, 512)), null);
        } else if (!chain.writable().startReadFrom(disk.number(), 0, READ, chain)) {
            chain.complete(0);
        }
    }

    private void exchange(DriverRing ring) {
        for (int i = 0; i < 4; i++) {
            assertThat(ring.add(new long[] {TestDriver.buffer(i)}, new int[] {512}, 0, 1, i)).isZero();
        }
        ring.publish();
        driver.kickIfNeeded(ring);
        for (int i = 0; i < 4; i++) {
            await("a used buffer", () -> ring.poll() != DriverRing.EMPTY);
            assertThat(ring.usedLength()).isEqualTo(512);
        }
    }

    @Test
    void a_data_path_that_was_closed_leaves_nothing_behind() throws Exception {
        for (int i = 0; i < 5; i++) {
            serve().close();
        }
        awaitNoThreads();
        OpenDescriptors before = OpenDescriptors.now();
        long mappings = mappings("test-record") + mappings("io_uring");
        for (int i = 0; i < 200; i++) {
            SoftwareDataPath path = serve();
            path.reset();
            path.close();
        }
        awaitNoThreads();
        before.awaitNoMore("in the end");
        assertThat(mappings("test-record") + mappings("io_uring")).isLessThanOrEqualTo(mappings);
    }

    @Test
    void a_record_that_is_replaced_again_and_again_while_queues_run_is_mapped_no_more_than_it_is_used() throws Exception {
        SoftwareDataPath path = serve();
        try {
            for (int i = 0; i < 100; i++) {
                path.setInflight(area(0));
            }
            assertThat(mappings("test-record")).isLessThanOrEqualTo(2);
            exchange(goOn(path));
            path.reset();
            assertThat(mappings("test-record")).isZero();
        } finally {
            path.close();
        }
    }

    /** Stops the first queue and starts it in the record that was set last. */
    private DriverRing goOn(SoftwareDataPath path) throws Exception {
        path.setVqReady(0, false);
        driver.ours.segment().asSlice(0, TestDriver.table(1) - TestDriver.IOVA).fill((byte) 0);
        path.setVqState(0, VqState.Split.INITIAL);
        path.setVqReady(0, true);
        return driver.ring(0, SIZE, FEATURES);
    }

    @Test
    void a_record_at_an_odd_place_is_refused_by_name() throws Exception {
        try (SoftwareDataPath path = serve()) {
            assertThatThrownBy(() -> path.setInflight(area(8)))
                    .isInstanceOfSatisfying(VdpaException.class, e -> assertThat(e.error()).isEqualTo(VdpaError.EINVAL))
                    .hasMessageContaining("offset 8").hasMessageContaining("multiple of");
        }
    }

    @Test
    void asynchronous_transfers_that_cannot_be_waited_for_leave_nothing_behind() throws Exception {
        Epoll none = Epoll.create();
        none.close();
        awaitNoThreads();
        OpenDescriptors before = OpenDescriptors.now();
        for (int i = 0; i < 50; i++) {
            assertThat(AsyncIo.open(none, 1)).isNull();
        }
        before.awaitNoMore("in the end");
    }

    /** A data path does not wait for its threads when it is closed; they close what is theirs when they end. */
    private static void awaitNoThreads() {
        Eventually.noThreadIsNamed("busbar-");
    }

    /** Without a pause, as the driver of a ring. */
    private static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            Thread.yield();
        }
    }

    private static long mappings(String file) throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(file)).count();
        }
    }
}
