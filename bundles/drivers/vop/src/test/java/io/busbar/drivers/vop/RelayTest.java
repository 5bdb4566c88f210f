package io.busbar.drivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;
import static io.busbar.drivers.vop.Eventually.eventually;
import static io.busbar.drivers.vop.Rig.BLOCK;
import static io.busbar.drivers.vop.Rig.CONFIG;
import static io.busbar.drivers.vop.Rig.NET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.LinkWindow;
import io.busbar.api.vop.VopException;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.machine.Allocation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver with rings of its own, and a host with others: what is passed on, and what is not. */
class RelayTest {

    private static final int SEED = 20_261_127;
    private static final int LENGTH = 512;

    private final Rig rig = new Rig();
    private Host.Entry entry;
    private Driver driver;

    @AfterEach
    void end() {
        rig.close();
        if (driver != null) {
            driver.close();
        }
    }

    private void disk(int size) throws Exception {
        rig.start();
        entry = rig.host.add(BLOCK, Host.FEATURES, CONFIG, size);
        driver = new Driver(rig.ops("block0"), 1);
        driver.start();
    }

    /** With a receive queue, whose buffers the host keeps, and one to send. */
    private void card() throws Exception {
        rig.start();
        entry = rig.host.add(NET, Host.FEATURES, CONFIG, 64, 64);
        entry.keeps = 1;
        driver = new Driver(rig.ops("net0"), 2);
        driver.start();
    }

    /** One request with a buffer to read and one to write. */
    private long send(int queue, int token, byte... content) {
        long at = driver.buffer(2 * LENGTH);
        MemorySegment.copy(content, 0, driver.segment(), ValueLayout.JAVA_BYTE, at, content.length);
        assertThat(driver.add(queue, new long[] {at, at + LENGTH}, new int[] {content.length, LENGTH}, 1, 1, token)).isZero();
        driver.publish(queue);
        return at + LENGTH;
    }

    private void receive(int token) {
        assertThat(driver.add(0, new long[] {driver.buffer(LENGTH)}, new int[] {LENGTH}, 0, 1, token)).isZero();
        driver.publish(0);
    }

    private byte[] bytes(long at, int length) {
        return driver.segment().asSlice(at, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX})
    void chains_of_all_shapes_come_back_with_what_the_host_wrote(long lessOfHost) throws Exception {
        rig.start();
        entry = rig.host.add(BLOCK, Host.FEATURES & ~lessOfHost, CONFIG, 128);
        driver = new Driver(rig.ops("block0"), 1);
        driver.start();
        Random random = new Random(SEED);
        byte[][] sent = new byte[Driver.ENTRIES][];
        long[][] answers = new long[Driver.ENTRIES][];
        int[][] sizes = new int[Driver.ENTRIES][];
        for (int round = 0; round < 60; round++) {
            driver.reuseBuffers();
            int batch = 1 + random.nextInt(100);
            int added = 0;
            for (int token = 0; token < batch; token++) {
                int out = 1 + random.nextInt(5);
                int in = 1 + random.nextInt(5);
                long[] offsets = new long[out + in];
                int[] lengths = new int[out + in];
                for (int i = 0; i < out + in; i++) {
                    lengths[i] = 1 + random.nextInt(700);
                    offsets[i] = driver.buffer(lengths[i] + random.nextInt(3));
                }
                sent[token] = fill(random, offsets, lengths, out);
                answers[token] = Arrays.copyOfRange(offsets, out, out + in);
                sizes[token] = Arrays.copyOfRange(lengths, out, out + in);
                if (driver.add(0, offsets, lengths, out, in, token) == DriverRing.NO_SPACE) {
                    break;
                }
                added++;
            }
            driver.publish(0);
            for (int i = 0; i < added; i++) {
                int token = driver.await(0);
                int room = Arrays.stream(sizes[token]).sum();
                byte[] expected = Arrays.copyOf(sent[token], Math.min(room, sent[token].length));
                assertThat(driver.rings[0].usedLength()).isEqualTo(expected.length);
                assertThat(gather(answers[token], sizes[token], expected.length)).isEqualTo(expected);
            }
        }
        assertThat(rig.link.faultsOfCard() + rig.link.faultsOfHost()).isZero();
        assertThat(driver.ops.getVendorVqStats(0)).containsEntry("chains", (long) entry.served);
    }

    private byte[] fill(Random random, long[] offsets, int[] lengths, int out) {
        byte[] all = new byte[Arrays.stream(lengths, 0, out).sum()];
        random.nextBytes(all);
        int done = 0;
        for (int i = 0; i < out; i++) {
            MemorySegment.copy(all, done, driver.segment(), ValueLayout.JAVA_BYTE, offsets[i], lengths[i]);
            done += lengths[i];
        }
        return all;
    }

    private byte[] gather(long[] offsets, int[] sizes, int length) {
        byte[] all = new byte[length];
        int done = 0;
        for (int i = 0; i < offsets.length && done < length; i++) {
            int piece = Math.min(sizes[i], length - done);
            System.arraycopy(bytes(offsets[i], piece), 0, all, done, piece);
            done += piece;
        }
        return all;
    }

    @Test
    void a_buffer_that_lies_in_two_regions_is_two_for_the_host() throws Exception {
        disk(16);
        int[] pieces = new int[1];
        entry.work = (device, _, chain) -> {
            pieces[0] = chain.readableSegments();
            return Host.echo(device, 0, chain);
        };
        long border = driver.segment().byteSize() / 2;
        driver.segment().asSlice(border - 4, 8).copyFrom(MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}));
        long answer = driver.buffer(8);
        driver.add(0, new long[] {border - 4, answer}, new int[] {8, 8}, 1, 1, 5);
        driver.publish(0);

        assertThat(driver.await(0)).isEqualTo(5);
        assertThat(bytes(answer, 8)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(pieces[0]).isEqualTo(2);
    }

    @Test
    void payload_stays_where_the_driver_has_it() throws Exception {
        disk(16);
        entry.keeps = 1;
        long answer = send(0, 1, (byte) 1);
        eventually("the host has it", () -> entry.kept(0) == 1);
        Chain chain = entry.kept.get(0).getFirst();
        try (LinkWindow window = rig.host.link.map(chain.address(0), 1, entry.meter(0))) {
            assertThat(window.getByte(0)).isEqualTo(1);
            driver.segment().set(ValueLayout.JAVA_BYTE, answer - LENGTH, (byte) 77);
            assertThat(window.getByte(0)).isEqualTo(77);
        }
    }

    @Test
    void in_the_steady_state_nothing_is_read_over_the_link_and_what_is_written_is_the_ring_alone() throws Exception {
        disk(128);
        roundTrips(10);
        LinkCounters before = rig.link.card().ops().meter("block0", 0).read();
        LinkCounters device = rig.link.card().ops().meter("block0", -1).read();
        roundTrips(200);
        LinkCounters after = rig.link.card().ops().meter("block0", 0).read();
        LinkCounters deviceAfter = rig.link.card().ops().meter("block0", -1).read();

        assertThat(after.nonPostedReads()).isEqualTo(before.nonPostedReads());
        assertThat(deviceAfter.nonPostedReads()).isEqualTo(device.nonPostedReads());
        assertThat(deviceAfter.postedWrites()).isEqualTo(device.postedWrites());
        // One request at a time: two descriptors, a slot, the index, and used_event after its end.
        assertThat(after.postedBytes() - before.postedBytes()).isEqualTo(200 * (2 * 16 + 2 + 2 + 2));
        assertThat(after.postedWrites() - before.postedWrites()).isEqualTo(200 * (2 + 1 + 1 + 1));
        assertThat(after.doorbells() - before.doorbells()).isEqualTo(200);
    }

    private void roundTrips(int count) {
        driver.reuseBuffers();
        for (int i = 0; i < count; i++) {
            send(0, i, (byte) i);
            assertThat(driver.await(0)).isEqualTo(i);
        }
        long used = driver.ops.getVendorVqStats(0).get("used chains");
        long chains = driver.ops.getVendorVqStats(0).get("chains");
        assertThat(used).isEqualTo(chains);
        settleLane();
    }

    /** The lane has come to its end, and sleeps. */
    private void settleLane() {
        Thread lane = lane();
        eventually("the lane sleeps", () -> {
            StackTraceElement[] stack = lane.getStackTrace();
            return Arrays.stream(stack).anyMatch(frame -> frame.getMethodName().equals("await"))
                    && Arrays.stream(stack).noneMatch(frame -> frame.getMethodName().equals("turn"));
        });
    }

    private static Thread lane() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("busbar-vop-mic0-block0"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void requests_allocate_nothing_on_the_lane() throws Exception {
        disk(128);
        assertThat(Allocation.leastOf(lane(), () -> roundTrips(255))).isZero();
    }

    @Test
    void chains_that_find_no_room_wait_until_there_is_some() throws Exception {
        disk(8);
        entry.keeps = 1;
        for (int token = 0; token < 5; token++) {
            long at = driver.buffer(LENGTH);
            driver.add(0, new long[] {at, at + 8, at + 16}, new int[] {8, 8, 8}, 2, 1, token);
        }
        driver.publish(0);
        eventually("two of them have room", () -> entry.kept(0) == 2);
        entry.end(0, entry.kept.get(0).getLast());
        assertThat(driver.await(0)).isEqualTo(1);
        eventually("the third has room", () -> entry.kept(0) == 2);
        entry.keeps = 0;
        entry.endAllKept(0);
        for (int i = 0; i < 4; i++) {
            driver.await(0);
        }
        assertThat(entry.served).isEqualTo(5);
    }

    @Test
    void more_chains_than_the_host_has_room_for_are_served_in_turn() throws Exception {
        disk(2);
        for (int token = 0; token < 200; token++) {
            send(0, token, (byte) token);
        }
        for (int token = 0; token < 200; token++) {
            assertThat(driver.await(0)).isEqualTo(token);
        }
    }

    @Test
    void a_chain_that_is_longer_than_the_hosts_ring_breaks_the_queue_and_says_so() throws Exception {
        disk(8);
        long at = driver.buffer(LENGTH);
        driver.add(0, new long[] {at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6, at + 7, at + 8},
                new int[] {1, 1, 1, 1, 1, 1, 1, 1, 1}, 8, 1, 0);
        driver.publish(0);

        isBroken(Reason.DEVICE_NEEDS_RESET, "queue 0: a chain of more than 8 buffers: expected up to what the host's ring has");
        driver.start();
        send(0, 3, (byte) 3);
        assertThat(driver.await(0)).isEqualTo(3);
        assertThat(rig.device("block0").health().ok()).isTrue();
    }

    private void isBroken(Reason reason, String sentence) {
        eventually("the device needs a reset", () -> (driver.ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET) != 0);
        assertThat(driver.configChanges).hasPositiveValue();
        var health = rig.bus.devices.values().iterator().next().health();
        assertThat(health.sentence()).isEqualTo(sentence);
        assertThat(health.reason()).isEqualTo(reason);
    }

    @Test
    void a_driver_that_lies_breaks_its_own_queue() throws Exception {
        disk(8);
        driver.rings[0].add(new long[] {0x10, 0x20}, new int[] {1, 1}, 1, 1, 0);
        driver.publish(0);
        isBroken(Reason.DEVICE_NEEDS_RESET, "queue 0: a buffer is outside the driver's memory");
        assertThat(driver.ops.dmaFaults()).isEqualTo(1);
        assertThat(entry.served).isZero();

        driver.start();
        driver.segment().set(ValueLayout.JAVA_SHORT, (16 << 10) + 2, (short) 1000);
        driver.ops.kickVq(0);
        isBroken(Reason.DEVICE_NEEDS_RESET, "queue 0: the available index moved by more than the queue size, or backwards");
        driver.start();
        send(0, 1, (byte) 1);
        assertThat(driver.await(0)).isEqualTo(1);
    }

    @Test
    void one_doorbell_is_for_the_chains_of_all_queues() throws Exception {
        rig.start();
        entry = rig.host.add(NET, Host.FEATURES, CONFIG, 64, 64, 64, 64);
        driver = new Driver(rig.ops("net0"), 4);
        driver.start();
        for (int round = 0; round < 200; round++) {
            driver.reuseBuffers();
            for (int queue = 0; queue < 4; queue++) {
                long at = driver.buffer(2 * LENGTH);
                driver.add(queue, new long[] {at, at + LENGTH}, new int[] {8, LENGTH}, 1, 1, round);
                driver.rings[queue].publish();
            }
            // All of them are there when the lane wakes.
            driver.ops.kickVq(0);
            for (int queue = 0; queue < 4; queue++) {
                assertThat(driver.await(queue)).isEqualTo(round);
            }
        }
    }

    // Stops and changes under way

    @Test
    void a_queue_is_stopped_when_its_requests_have_ended() throws Exception {
        disk(16);
        entry.keeps = 1;
        send(0, 1, (byte) 1);
        eventually("the host has it", () -> entry.kept(0) == 1);
        Thread ending = Thread.ofPlatform().start(() -> {
            eventually("the stop waits", () -> isWaiting("drain"));
            entry.endAllKept(0);
        });
        driver.ops.setVqReady(0, false);
        ending.join();

        assertThat(driver.await(0)).isEqualTo(1);
        assertThat(driver.ops.getVqState(0)).isEqualTo(new VqState.Split(1));
        int resets = entry.resets;
        entry.keeps = 0;
        driver.ops.setVqReady(0, true);
        send(0, 2, (byte) 2);
        assertThat(driver.await(0)).isEqualTo(2);
        assertThat(entry.resets).isEqualTo(resets);
    }

    private static boolean isWaiting(String method) {
        return Thread.getAllStackTraces().values().stream()
                .anyMatch(stack -> Arrays.stream(stack).anyMatch(frame -> frame.getMethodName().equals(method)));
    }

    @Test
    void requests_that_do_not_end_are_an_error_of_the_stop_and_end_later() throws Exception {
        rig.start(200);
        entry = rig.host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        driver = new Driver(rig.ops("block0"), 1);
        driver.start();
        entry.keeps = 1;
        send(0, 1, (byte) 1);
        eventually("the host has it", () -> entry.kept(0) == 1);

        assertThatThrownBy(() -> driver.ops.setVqReady(0, false)).isInstanceOfSatisfying(VdpaException.class, late -> {
            assertThat(late.error()).isEqualTo(VdpaError.ETIMEDOUT);
            assertThat(late.reason()).isEqualTo(Reason.BACKEND_STUCK);
            assertThat(late).hasMessage("requests that the host has do not end within 200 ms");
        });
        assertThat(driver.ops.getVqReady(0)).isTrue();
        entry.endAllKept(0);
        assertThat(driver.await(0)).isEqualTo(1);
        driver.ops.setVqReady(0, false);
        assertThat(driver.ops.getVqReady(0)).isFalse();
    }

    @Test
    void buffers_in_which_nothing_was_received_come_back_when_their_queue_stops() throws Exception {
        card();
        for (int token = 0; token < 20; token++) {
            receive(token);
        }
        eventually("the host has them", () -> entry.kept(0) == 20);
        int resets = entry.resets;
        driver.ops.setVqReady(0, false);

        assertThat(driver.ops.getVqState(0)).isEqualTo(new VqState.Split(0));
        assertThat(driver.rings[0].poll()).isEqualTo(DriverRing.EMPTY);
        assertThat(entry.resets).isEqualTo(resets + 1);
        // The other queue goes on.
        send(1, 5, (byte) 5);
        assertThat(driver.await(1)).isEqualTo(5);

        driver.ops.setVqReady(0, true);
        eventually("the host has them again", () -> entry.kept(0) == 20);
        entry.work = (device, _, chain) -> device.write(chain, new byte[] {42});
        entry.endAllKept(0);
        for (int token = 0; token < 20; token++) {
            assertThat(driver.await(0)).isEqualTo(token);
            assertThat(driver.rings[0].usedLength()).isEqualTo(1);
        }
    }

    @Test
    void buffers_that_cannot_be_put_back_end_empty() throws Exception {
        card();
        for (int token = 0; token < 4; token++) {
            receive(token);
        }
        eventually("the host has them", () -> entry.kept(0) == 4);
        entry.work = (device, _, chain) -> device.write(chain, new byte[] {42});
        entry.end(0, entry.kept.get(0).stream().skip(2).findFirst().orElseThrow());
        assertThat(driver.await(0)).isEqualTo(2);
        driver.ops.setVqReady(0, false);

        // The last goes back; those before the one that was used cannot.
        assertThat(driver.ops.getVqState(0)).isEqualTo(new VqState.Split(3));
        assertThat(new int[] {driver.await(0), driver.await(0)}).containsExactlyInAnyOrder(0, 1);
        assertThat(driver.rings[0].usedLength()).isZero();
    }

    @Test
    void memory_is_replaced_while_it_is_in_use() throws Exception {
        card();
        for (int token = 0; token < 10; token++) {
            receive(token);
        }
        eventually("the host has them", () -> entry.kept(0) == 10);
        Chain old = entry.kept.get(0).getFirst();
        long address = old.address(0);
        // Queues stay where the driver's addresses say; the memory behind them is mapped elsewhere, and reached anew.
        driver.move(Driver.IOVA);
        driver.ops.setMap(0, driver.memory());

        assertThatThrownBy(() -> rig.host.link.map(address, 1, entry.meter(0))).isInstanceOf(VopException.class);
        eventually("the host has them again", () -> entry.kept(0) == 10);
        assertThat(entry.kept.get(0).getFirst().address(0)).isNotEqualTo(address);
        long answer = send(1, 9, (byte) 99);
        assertThat(driver.await(1)).isEqualTo(9);
        assertThat(bytes(answer, 1)).containsExactly(99);
        assertThat(driver.ops.getStatus()).isEqualTo(Driver.DRIVER_OK);
    }

    @Test
    void memory_is_replaced_while_a_queue_is_stopped() throws Exception {
        disk(16);
        driver.ops.setVqReady(0, false);
        driver.move(Driver.IOVA);
        driver.ops.setMap(0, driver.memory());
        driver.ops.setVqReady(0, true);
        long answer = send(0, 3, (byte) 33);

        assertThat(driver.await(0)).isEqualTo(3);
        assertThat(bytes(answer, 1)).containsExactly(33);
    }

    @Test
    void rings_that_are_not_in_the_new_memory_need_a_reset() throws Exception {
        disk(16);
        driver.move(Driver.IOVA + (1L << 40));
        driver.ops.setMap(0, driver.memory());

        assertThat(driver.ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET).isNotZero();
        assertThat(rig.device("block0").health().sentence()).startsWith("queue 0: descriptor table at 0x");
        driver.start();
        send(0, 1, (byte) 1);
        assertThat(driver.await(0)).isEqualTo(1);
    }

    @Test
    void a_queue_whose_parts_are_outside_does_not_become_ready() throws Exception {
        rig.start();
        entry = rig.host.add(BLOCK, Host.FEATURES, CONFIG, 16);
        driver = new Driver(rig.ops("block0"), 1);
        driver.negotiate(0);
        driver.setUp(0);
        driver.ops.setVqAddress(0, 0x1000, 0x2000, 0x3000);

        assertThatThrownBy(() -> driver.ops.setVqReady(0, true))
                .hasMessage("queue 0: descriptor table at 0x1000 of 4096 bytes is not inside the driver's memory");
        assertThat(driver.ops.getVqReady(0)).isFalse();
    }

    @Test
    void a_device_that_is_suspended_has_nothing_in_flight_and_goes_on_later() throws Exception {
        card();
        receive(0);
        eventually("the host has it", () -> entry.kept(0) == 1);
        driver.ops.suspend();
        assertThat(driver.ops.getVqState(0)).isEqualTo(new VqState.Split(0));
        send(1, 7, (byte) 7);
        assertThat(driver.rings[1].poll()).isEqualTo(DriverRing.EMPTY);
        driver.ops.resume();

        assertThat(driver.await(1)).isEqualTo(7);
        eventually("the host has it again", () -> entry.kept(0) == 1);
    }
}
