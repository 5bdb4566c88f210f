package io.busbar.core.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.device.Chain;
import io.busbar.api.memory.Payload;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DriverRing;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device model that throws over chains that others still work on: none is out of their hands before they are done. */
@Timeout(60)
class GivenUpChainsTest {

    private static final int SIZE = 16;
    private static final long FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
    private static final EngineSettings IMPATIENT =
            new EngineSettings(0, TimeUnit.SECONDS.toNanos(1), 4, 1, false);

    private final List<String> broken = new CopyOnWriteArrayList<>();
    private TestDriver driver;
    private SoftwareDataPath path;
    private DriverRing ring;

    @BeforeEach
    void makeDriver() throws Exception {
        driver = new TestDriver();
    }

    @AfterEach
    void closeAll() {
        path.close();
        driver.close();
    }

    private void start(TestModel model) throws Exception {
        path = new SoftwareDataPath("test", 1, (index, sentence) -> broken.add(sentence), IMPATIENT, 1024);
        path.setMemory(driver.memory());
        path.setFeatures(FEATURES);
        path.attach(model);
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

    private void awaitBroken() {
        await(() -> !broken.isEmpty());
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(end);
            Thread.yield();
        }
    }

    private static void wait(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void theStopWaits() {
        assertThatThrownBy(() -> path.setVqReady(0, false)).hasMessageContaining("queue 0 has 1 requests in flight");
    }

    private void theStopSucceeds() {
        await(this::stops);
        assertThat(path.health()).isEqualTo(Health.OK);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
    }

    private boolean stops() {
        try {
            path.setVqReady(0, false);
            return true;
        } catch (VdpaException e) {
            return false;
        }
    }

    @Test
    void a_chain_one_of_whose_pieces_of_work_threw_is_in_flight_until_the_others_have_ended() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger filled = new AtomicInteger();
        start(new TestModel(chain -> {
            chain.onIoThread((late, nothing) -> {
                begun.countDown();
                wait(go);
                filled.set((int) late.writable().fill((byte) 1, 512));
            }, null);
            chain.onIoThread((late, nothing) -> {
                wait(begun);
                throw new IllegalStateException("one piece threw");
            }, null);
        }));
        send();
        awaitBroken();
        assertThat(broken.getFirst()).contains("one piece threw");
        theStopWaits();
        go.countDown();
        theStopSucceeds();
        assertThat(filled).hasValue(512);
    }

    @Test
    void a_chain_that_was_handed_over_in_part_when_the_model_threw_ends_with_that_part() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        start(new TestModel(chain -> {
            chain.onIoThread((late, nothing) -> wait(go), null);
            throw new IllegalStateException("before the rest was handed over");
        }));
        send();
        awaitBroken();
        theStopWaits();
        go.countDown();
        theStopSucceeds();
    }

    @Test
    void work_that_is_done_with_a_chain_which_was_given_up_is_no_misuse() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        start(new TestModel(chain -> {
            chain.onIoThread((late, nothing) -> {
                wait(go);
                late.complete(late.writable().fill((byte) 1, 512));
            }, null);
            throw new IllegalStateException("boom");
        }));
        send();
        awaitBroken();
        go.countDown();
        theStopSucceeds();
        assertThat(path.counters(0)).containsEntry("backend misuses", 0L);
    }

    @Test
    void after_a_stop_no_thread_of_a_backend_writes_to_the_memory_of_a_chain_that_was_given_up() throws Exception {
        for (int round = 0; round < 20; round++) {
            AtomicBoolean refused = new AtomicBoolean();
            CountDownLatch writing = new CountDownLatch(1);
            Thread[] backend = new Thread[1];
            start(new TestModel(chain -> {
                backend[0] = Thread.ofPlatform().start(() -> refused.set(writeUntilRefused(chain, writing)));
                wait(writing);
                throw new IllegalStateException("boom");
            }));
            sendLarge();
            awaitBroken();
            await(this::stops);
            MemorySegment buffer = driver.ours.segment().asSlice(TestDriver.BYTES / 2);
            buffer.fill((byte) 0);
            backend[0].join();
            assertThat(refused).isTrue();
            assertThat(buffer.mismatch(MemorySegment.ofArray(new byte[(int) buffer.byteSize()]))).isEqualTo(-1);
            path.close();
            broken.clear();
            driver.ours.segment().fill((byte) 0);
        }
    }

    /** Twelve buffers which are the same half of the memory, so that each verb takes milliseconds. */
    private void sendLarge() {
        long[] addresses = new long[12];
        int[] lengths = new int[12];
        Arrays.fill(addresses, TestDriver.IOVA + TestDriver.BYTES / 2);
        Arrays.fill(lengths, (int) TestDriver.BYTES / 2);
        assertThat(ring.add(addresses, lengths, 0, 12, 0)).isZero();
        ring.publish();
        path.kick(0);
    }

    private static boolean writeUntilRefused(Chain chain, CountDownLatch writing) {
        Payload target = chain.writable();
        try {
            while (true) {
                target.position(0);
                writing.countDown();
                target.fill((byte) 1, target.size());
            }
        } catch (IllegalStateException e) {
            return e.getMessage().contains("completed already");
        }
    }
}
