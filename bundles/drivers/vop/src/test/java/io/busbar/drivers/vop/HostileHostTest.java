package io.busbar.drivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FAILED;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;
import static io.busbar.drivers.vop.Eventually.eventually;
import static io.busbar.drivers.vop.Rig.BLOCK;
import static io.busbar.drivers.vop.Rig.CONFIG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.VopException;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.VopRing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A host that writes what cannot be, does not answer, or is gone: it harms nobody but its own device, and that says why. */
class HostileHostTest {

    private static final int MILLIS = 100;
    private static final int QUEUE = DeviceDesc.BYTES;

    private final Rig rig = new Rig();
    private final Host host = rig.host;
    private Host.Entry entry;
    private Driver driver;

    @AfterEach
    void end() {
        rig.close();
        if (driver != null) {
            driver.close();
        }
    }

    private void disk(long millis) throws Exception {
        rig.start(millis);
        entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        driver = new Driver(rig.ops("block0"), 1);
    }

    private void send(int token) {
        long at = driver.buffer(64);
        driver.add(0, new long[] {at, at + 8}, new int[] {8, 8}, 1, 1, token);
        driver.publish(0);
    }

    private void needsReset(Reason reason, String sentence) {
        eventually("the device needs a reset", () -> (driver.ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
        Health health = rig.device("block0").health();
        assertThat(health.sentence()).isEqualTo(sentence);
        assertThat(health.reason()).isEqualTo(reason);
    }

    private void worksAfterAReset() throws Exception {
        driver.start();
        assertThat(rig.device("block0").health()).isEqualTo(Health.OK);
        send(7);
        assertThat(driver.await(0)).isEqualTo(7);
    }

    // Entries

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            queues   | 5     | PROTOCOL_VIOLATION | has 5 queues: expected 1 to 4
            queues   | 0     | PROTOCOL_VIOLATION | has 0 queues: expected 1 to 4
            size     | 129   | PROTOCOL_VIOLATION | has a queue of 129 entries: expected a power of two, 1 to 128
            size     | 256   | PROTOCOL_VIOLATION | has a queue of 256 entries: expected a power of two, 1 to 128
            size     | 0     | PROTOCOL_VIOLATION | has a queue of 0 entries: expected a power of two, 1 to 128
            address  | 0     | PROTOCOL_VIOLATION | has a ring at 0x0: expected a multiple of 16 that is not 0
            address  | 7     | PROTOCOL_VIOLATION | has a ring at 0x7: expected a multiple of 16 that is not 0
            address  | 65536 | PROTOCOL_VIOLATION | cannot be used: 8192 bytes at 0x10000: expected memory that the peer shares
            magic    | 17    | PROTOCOL_VIOLATION | cannot be used: the ring of queue 0 has the magic number 0x11: expected 0xc0ffee02
            doorbell | -1    | PROTOCOL_VIOLATION | has no doorbell of the host: expected one
            features | 0     | FEATURES_MISMATCH  | does not offer VERSION_1: expected a device that is not a legacy one
            """)
    void an_entry_that_cannot_be_has_its_place_and_says_why(String field, int value, Reason reason, String what) throws Exception {
        rig.start();
        Host.Entry wrong = host.prepare(BLOCK, Host.FEATURES, CONFIG, 128);
        switch (field) {
            case "queues" -> host.putByte(wrong.offset + 1, value);
            case "size" -> host.page.set(ValueLayout.JAVA_SHORT_UNALIGNED, wrong.offset + QUEUE + 16, (short) value);
            case "address" -> host.page.set(ValueLayout.JAVA_LONG_UNALIGNED, wrong.offset + QUEUE, value);
            case "magic" -> wrong.memories.getFirst().segment().set(
                    ValueLayout.JAVA_INT_UNALIGNED, VopRing.infoOffset(128) + VopRing.INFO_MAGIC, value);
            case "doorbell" -> wrong.ctrl(DeviceCtrl.HOST_DB, value);
            default -> host.page.asSlice(wrong.offset + 32, 8).fill((byte) 0);
        }
        host.publish(wrong);

        eventually(() -> "it has its place: " + rig.bus.absent, () -> rig.bus.absent.containsKey("block0"));
        assertThat(rig.bus.absent.get("block0")).isEqualTo(reason + ": the entry at 24 of the host's page " + what);
        assertThat(rig.bus.devices).isEmpty();
    }

    @Test
    void a_page_that_makes_no_sense_changes_nothing() throws Exception {
        disk(MILLIS);
        driver.start();
        int end = entry.ctrl + DeviceCtrl.BYTES;
        host.put(end, new byte[] {2, -1, -1, -1});
        host.pageChanged();
        host.page.set(ValueLayout.JAVA_INT_UNALIGNED, 0, 0);
        host.pageChanged();
        send(1);
        assertThat(driver.await(0)).isEqualTo(1);

        host.page.set(ValueLayout.JAVA_INT_UNALIGNED, 0, BootParam.MAGIC);
        host.put(end, new byte[4]);
        host.add(BLOCK, Host.FEATURES, CONFIG, 8);
        rig.device("block1");
        send(2);
        assertThat(driver.await(0)).isEqualTo(2);
    }

    @Test
    void a_page_that_is_none_is_left_alone() {
        host.page.set(ValueLayout.JAVA_INT_UNALIGNED, 0, 0x12345678);
        rig.card = new Card(rig.link.card(), rig.bus, rig.bus, new Settings(
                Duration.ofSeconds(1), Duration.ofSeconds(1)));
        rig.card.close();
        rig.card = null;

        assertThat(rig.bus.calls).isEmpty();
        assertThat(host.cardIsThere()).isFalse();
    }

    @Test
    void what_an_entry_said_when_it_was_found_counts() throws Exception {
        disk(MILLIS);
        driver.start();
        // Not looked at any more: addresses, sizes and features.
        host.page.asSlice(entry.offset + QUEUE, 8).fill((byte) 0);
        host.page.asSlice(entry.offset + QUEUE + 16, 2).fill((byte) 0xff);
        host.pageChanged();
        driver.start();
        send(1);
        assertThat(driver.await(0)).isEqualTo(1);

        // Another number of queues is another entry.
        host.putByte(entry.offset + 1, 4);
        host.pageChanged();
        eventually("the device has left", rig.bus.devices::isEmpty);
    }

    // No answer

    @Test
    void a_host_that_does_not_answer_a_reset_loses_the_drivers_memory() throws Exception {
        disk(MILLIS);
        driver.start();
        entry.keeps = 1;
        send(1);
        eventually("the host has it", () -> entry.kept(0) == 1);
        long address = entry.kept.get(0).getFirst().address(0);
        entry.answersReset = false;
        long begin = System.nanoTime();
        driver.ops.reset();

        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isGreaterThanOrEqualTo(MILLIS - 1);
        assertThat(rig.device("block0").health().reason()).isEqualTo(Reason.NO_ANSWER);
        assertThat(rig.device("block0").health().sentence()).isEqualTo(
                "the host has not answered a reset within 100 ms: it reaches the driver's memory no more");
        assertThatThrownBy(() -> host.link.map(address, 1, entry.meter(0))).isInstanceOf(VopException.class);
        assertThatThrownBy(() -> host.link.map(entry.usedAddress(0), 1, entry.meter(0))).isInstanceOf(VopException.class);

        // It is not waited for once more.
        long again = System.nanoTime();
        driver.ops.reset();
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - again)).isLessThan(MILLIS);
        driver.start();
        needsReset(Reason.NO_ANSWER, "the host has not answered a reset within 100 ms: it reaches the driver's memory no more");

        entry.answersReset = true;
        entry.keeps = 0;
        entry.doAll();
        worksAfterAReset();
    }

    @Test
    void a_host_that_does_not_take_the_used_rings_is_an_error_of_the_device() throws Exception {
        disk(MILLIS);
        entry.takesUsedRings = false;
        driver.start();

        needsReset(Reason.NO_ANSWER, "the host has not taken the used rings within 100 ms");
        assertThat(entry.ctrl(DeviceCtrl.USED_ADDRESS_UPDATED)).isEqualTo(1);
        driver.ops.reset();
        assertThat(entry.ctrl(DeviceCtrl.USED_ADDRESS_UPDATED)).isZero();
        assertThat(entry.usedAddress(0)).isZero();
        entry.takesUsedRings = true;
        worksAfterAReset();
    }

    @Test
    void a_host_that_refuses_the_features_is_heard() throws Exception {
        disk(MILLIS);
        entry.byItself = false;
        Thread refusing = Thread.ofPlatform().start(() -> {
            eventually("a reset", () -> entry.ctrl(DeviceCtrl.RESET) == 1);
            entry.doReset();
            eventually("used rings", () -> entry.ctrl(DeviceCtrl.USED_ADDRESS_UPDATED) == 1);
            host.putByte(entry.offset + DeviceDesc.STATUS, entry.status() | VIRTIO_CONFIG_S_FAILED);
            entry.takeUsedRings();
        });
        driver.start();
        refusing.join();

        needsReset(Reason.FEATURES_MISMATCH, "the host refuses what the driver accepted");
        entry.byItself = true;
        worksAfterAReset();
    }

    // Used rings

    /** What a host may write into a used ring that it must not. */
    enum Lie {
        INDEX("the used index moved by more than what is outstanding"),
        ID("a used id is not below the queue size"),
        NOT_OUTSTANDING("a used id names no outstanding chain"),
        LENGTH("a used length is more than the writable bytes of its chain");

        private final String sentence;

        Lie(String sentence) {
            this.sentence = sentence;
        }
    }

    @ParameterizedTest
    @EnumSource(Lie.class)
    void a_used_ring_that_lies_breaks_the_queue(Lie lie) throws Exception {
        disk(MILLIS);
        driver.start();
        entry.keeps = 1;
        send(1);
        eventually("the host has it", () -> entry.kept(0) == 1);
        LinkWindow used = entry.used[0];
        switch (lie) {
            case INDEX -> used.putShort(2, 40);
            case ID -> write(used, 1000, 0);
            case NOT_OUTSTANDING -> write(used, 3, 0);
            case LENGTH -> write(used, entry.kept.get(0).getFirst().head(), 4096);
            default -> throw new IllegalStateException();
        }
        entry.ringCard();

        needsReset(Reason.PROTOCOL_VIOLATION, "queue 0: the host broke its ring: " + lie.sentence);
        assertThat(driver.rings[0].poll()).isNegative();
        entry.keeps = 0;
        worksAfterAReset();
    }

    private static void write(LinkWindow used, int id, int length) {
        used.putInt(4, id);
        used.putInt(8, length);
        used.putShort(2, 1);
    }

    @Test
    void doorbells_for_nothing_do_nothing() throws Exception {
        disk(MILLIS);
        driver.start();
        for (int i = 0; i < 1000; i++) {
            entry.ringCard();
            host.pageChanged();
        }
        send(1);
        assertThat(driver.await(0)).isEqualTo(1);
        assertThat(driver.configChanges).hasValue(0);
        assertThat(driver.ops.getStatus()).isEqualTo(Driver.DRIVER_OK);
    }

    // The link breaks, and neither end is told

    /** What is under way then. */
    enum Step { FOUND, NEGOTIATED, RUNNING, IN_FLIGHT }

    @ParameterizedTest
    @EnumSource(Step.class)
    void a_link_that_breaks_in_any_step_stops_nobody_from_leaving(Step step) throws Exception {
        rig.start(20_000);
        entry = host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        driver = new Driver(rig.ops("block0"), 1);
        if (step == Step.NEGOTIATED) {
            driver.negotiate(0);
        } else if (step != Step.FOUND) {
            driver.start();
        }
        if (step == Step.IN_FLIGHT) {
            entry.keeps = 1;
            send(1);
            eventually("the host has it", () -> entry.kept(0) == 1);
        }
        rig.link.sever();
        long begin = System.nanoTime();
        driver.ops.reset();

        // A link that is gone answers with ones in all bits, which is no answer that is waited for.
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin)).isLessThan(10);
        assertThat(driver.ops.getStatus()).isZero();
        assertThat(rig.device("block0").health().reason()).isEqualTo(Reason.NO_ANSWER);
        driver.negotiate(0);
        driver.setUp(0);
        driver.ops.setVqReady(0, true);
        driver.ops.setStatus(Driver.DRIVER_OK);
        assertThat(driver.ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET).isNotZero();
        rig.card.close(true);
        rig.card = null;
        assertThat(rig.bus.devices).isEmpty();
    }

    @Test
    void a_ring_of_the_host_that_is_zeroed_under_way_harms_nobody() throws Exception {
        disk(MILLIS);
        driver.start();
        MemorySegment ring = entry.memories.getFirst().segment();
        for (int i = 0; i < 50; i++) {
            ring.asSlice(0, VopRing.availOffset(16)).fill((byte) i);
            send(i);
            assertThat(driver.await(0)).isEqualTo(i);
        }
    }

    @Test
    void a_page_that_is_taken_away_leaves_nothing_on_the_card() throws Exception {
        disk(MILLIS);
        driver.start();
        host.link.devicePage().orElseThrow().close();
        host.link.sendInterrupt(0, host.link.meter("page", -1));
        driver.ops.setStatus(0x0f | 0x80);
        driver.ops.reset();
        assertThat(driver.ops.getStatus()).isZero();
        driver.negotiate(0);
        rig.card.close();
        rig.card = null;

        assertThat(rig.bus.devices).isEmpty();
        assertThat(rig.bus.calls).as("the bus is closed, and can be opened again").endsWith("close");
    }

    @Test
    void what_cannot_be_taken_off_the_bus_is_not_acknowledged_until_it_can() throws Exception {
        disk(MILLIS);
        driver.start();
        rig.bus.keeps = true;
        entry.ask(DeviceCtrl.DEV_REMOVE);
        eventually("it was tried", () -> rig.bus.keptOff > 0);
        assertThat(entry.isAcknowledged()).isFalse();
        send(1);
        assertThat(driver.await(0)).as("it goes on").isEqualTo(1);

        rig.bus.keeps = false;
        eventually("it is acknowledged", entry::isAcknowledged);
        assertThat(rig.bus.devices).isEmpty();
    }

    @Test
    void a_queue_that_does_not_stop_in_time_goes_on() throws Exception {
        disk(MILLIS);
        driver.start();
        entry.keeps = 1;
        send(1);
        eventually("the host has it", () -> entry.kept(0) == 1);
        assertThatThrownBy(() -> driver.ops.setVqReady(0, false))
                .hasMessage("requests that the host has do not end within 100 ms");
        entry.keeps = 0;
        send(2);
        assertThat(driver.await(0)).isEqualTo(2);
    }

    /** One chain ends while the other is on its way, and is there again at once, all on the lane. */
    @Test
    void a_queue_that_is_never_idle_keeps_nobody_waiting() throws Exception {
        disk(20_000);
        driver.start();
        entry.byItself = false;
        entry.keeps = 1;
        AtomicInteger rounds = new AtomicInteger();
        driver.ops.setVqCallback(0, () -> {
            driver.reuseBuffers();
            for (int token = driver.rings[0].poll(); token >= 0; token = driver.rings[0].poll()) {
                send(token);
            }
            driver.rings[0].enableCalls();
            entry.serve();
            if (entry.kept(0) > 0) {
                entry.endOldest(0);
            }
            rounds.incrementAndGet();
        });
        send(1);
        send(2);
        eventually("the host has both", () -> {
            entry.serve();
            return entry.kept(0) == 2;
        });
        entry.endOldest(0);
        eventually("it is never idle", () -> rounds.get() > 1000);
        driver.ops.setVqReady(0, false);
        assertThat(driver.ops.getVqReady(0)).isFalse();
    }

    /** A host that rings on meanwhile makes it no more often: six tries of one in half a second take longer than two. */
    @Test
    void what_cannot_be_taken_off_the_bus_is_tried_again_at_its_own_pace() throws Exception {
        disk(MILLIS);
        driver.start();
        rig.bus.keeps = true;
        entry.ask(DeviceCtrl.DEV_REMOVE);
        for (int i = 0; i < 30; i++) {
            int before = rig.bus.keptOff;
            host.pageChanged();
            eventually("it was tried", () -> rig.bus.keptOff > before);
        }
        int tried = rig.bus.keptOff;
        long begin = System.nanoTime();
        eventually("it is tried on", () -> rig.bus.keptOff >= tried + 6);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isGreaterThan(2000);
        rig.bus.keeps = false;
        eventually("it is acknowledged", entry::isAcknowledged);
    }
}
