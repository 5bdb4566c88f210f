package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.ring.HandRing.EVENT_IDX;
import static io.busbar.core.virtio.ring.HandRing.INDIRECT;
import static io.busbar.core.virtio.ring.HandRing.INDIRECT_DESC;
import static io.busbar.core.virtio.ring.HandRing.IN_ORDER;
import static io.busbar.core.virtio.ring.HandRing.NEXT;
import static io.busbar.core.virtio.ring.HandRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What the driver side of a split queue does, for each way in which its class exists. Numbers are of virtio 1.2. */
abstract class DriverRingContract {

    private static final long TABLES_IOVA = 0xabcd_0000L;

    abstract DriverRing make(DriverRingConfig config);

    private DriverRing make(HandRing hand) {
        return make(new DriverRingConfig(hand.addresses(), hand.size, hand.features));
    }

    @Test
    void a_chain_is_written_and_offered_only_when_published_2_7_13() {
        HandRing hand = new HandRing(8, 0);
        DriverRing ring = make(hand);

        assertThat(ring.add(new long[] {0x1000, 0x2000, -16}, new int[] {16, -1, 1}, 1, 2, 7)).isZero();
        assertThat(hand.availIndexInMemory()).isZero();
        assertThat(ring.publish()).isOne();

        assertThat(hand.availIndexInMemory()).isOne();
        int head = hand.availSlot(0);
        assertThat(hand.descriptorAddress(head)).isEqualTo(0x1000);
        assertThat(hand.descriptorLength(head)).isEqualTo(16);
        assertThat(hand.descriptorFlags(head)).isEqualTo(NEXT);
        int second = hand.descriptorNext(head);
        assertThat(hand.descriptorLength(second)).isEqualTo(0xffff_ffffL);
        assertThat(hand.descriptorFlags(second)).isEqualTo(NEXT | WRITE);
        int third = hand.descriptorNext(second);
        assertThat(hand.descriptorAddress(third)).isEqualTo(-16);
        assertThat(hand.descriptorFlags(third)).isEqualTo(WRITE);
        assertThat(ring.free()).isEqualTo(5);
        assertThat(ring.outstanding()).isOne();
        assertThat(ring.publish()).isZero();
    }

    @Test
    void a_chain_that_does_not_fit_is_refused_and_changes_nothing() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        assertThat(add(ring, 3, 0, 1)).isZero();
        assertThat(add(ring, 2, 0, 2)).isEqualTo(DriverRing.NO_SPACE);
        assertThat(add(ring, 1, 0, 3)).isZero();
        assertThat(add(ring, 1, 0, 4)).isEqualTo(DriverRing.NO_SPACE);
        assertThat(ring.publish()).isEqualTo(2);
        assertThat(ring.free()).isZero();
    }

    @Test
    void chains_go_into_indirect_tables_where_negotiated_2_7_5_3() {
        HandRing hand = new HandRing(4, INDIRECT_DESC);
        DriverRing ring = make(new DriverRingConfig(hand.addresses(), 4, hand.features)
                .withTables(hand.low.address(), TABLES_IOVA, 3));
        assertThat(ring.add(new long[] {1, 2, 3}, new int[] {10, 20, 30}, 1, 2, 5)).isZero();
        assertThat(ring.add(new long[] {4}, new int[] {40}, 1, 0, 6)).isZero();
        ring.publish();

        assertThat(ring.free()).isEqualTo(2);
        int head = hand.availSlot(0);
        assertThat(hand.descriptorFlags(head)).isEqualTo(INDIRECT);
        assertThat(hand.descriptorLength(head)).isEqualTo(48);
        assertThat(hand.descriptorAddress(head)).isEqualTo(TABLES_IOVA + head * 48L);
        assertThat(hand.descriptorFlags(hand.availSlot(1))).isZero();

        Regions regions = Regions.of(List.of(
                new Regions.Region(TABLES_IOVA, 4096, hand.low.address(), true),
                new Regions.Region(0, 64, hand.high.address(), true)));
        DeviceRing device = Rings.device(hand.config(), regions);
        assertThat(device.take(4)).isEqualTo(2);
        assertThat(device.taken(0).readableBytes()).isEqualTo(10);
        assertThat(device.taken(0).writableBytes()).isEqualTo(50);
    }

    @Test
    void used_chains_come_back_by_token_with_their_length() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        add(ring, 1, 1, 100);
        add(ring, 0, 1, 200);
        ring.publish();
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        hand.setUsed(0, hand.availSlot(1), 3).setUsed(1, hand.availSlot(0), 0).setUsedIndex(2);

        assertThat(ring.poll()).isEqualTo(200);
        assertThat(ring.usedLength()).isEqualTo(3);
        assertThat(ring.poll()).isEqualTo(100);
        assertThat(ring.usedLength()).isZero();
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
        assertThat(ring.free()).isEqualTo(4);
        assertThat(ring.outstanding()).isZero();
    }

    @Test
    void both_sides_work_together_through_many_wraps_and_chain_lengths() {
        for (long features : new long[] {0, EVENT_IDX, IN_ORDER, INDIRECT_DESC | EVENT_IDX, IN_ORDER | INDIRECT_DESC}) {
            workTogether(features);
        }
    }

    private void workTogether(long features) {
        HandRing hand = new HandRing(16, features);
        DriverRing driver = make(new DriverRingConfig(hand.addresses(), 16, hand.features)
                .withTables(hand.low.address(), HandRing.LOW, 3));
        DeviceRing device = Rings.device(hand.config(), hand.regions());
        Random random = new Random(5);
        List<Chain> held = new ArrayList<>();
        Map<Integer, Integer> outstanding = new HashMap<>();
        int added = 0;
        int polled = 0;
        while (polled < 70_000) {
            int in = random.nextInt(3);
            while (add(driver, 1 + random.nextInt(3), in, added) == 0) {
                outstanding.put(added++, in * 10);
                in = random.nextInt(3);
            }
            driver.publish();
            int taken = device.take(1 + random.nextInt(16));
            assertThat(taken).isNotNegative();
            for (int i = 0; i < taken; i++) {
                held.add(device.taken(i));
            }
            Collections.shuffle(held, random);
            while (held.size() > random.nextInt(8)) {
                Chain chain = held.removeLast();
                device.complete(chain, chain.writableBytes());
            }
            device.publish();
            int token;
            while ((token = driver.poll()) >= 0) {
                assertThat(outstanding.remove(token)).isEqualTo((int) driver.usedLength());
                if ((features & IN_ORDER) != 0) {
                    assertThat(token).isEqualTo(polled);
                }
                polled++;
            }
            assertThat(token).isEqualTo(DriverRing.EMPTY);
        }
        assertThat(added - polled).isEqualTo(driver.outstanding()).isEqualTo(outstanding.size());
    }

    // A hostile device

    @Test
    void a_used_index_that_jumps_breaks_the_queue() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        add(ring, 1, 0, 1);
        add(ring, 1, 0, 2);
        ring.publish();
        hand.setUsedIndex(3);
        assertBroken(ring, RingFault.USED_INDEX_JUMP);
    }

    @Test
    void a_used_index_that_moves_backwards_breaks_the_queue() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        add(ring, 1, 0, 1);
        ring.publish();
        hand.setUsedIndex(0xffff);
        assertBroken(ring, RingFault.USED_INDEX_JUMP);
    }

    @Test
    void a_chain_that_is_not_published_cannot_be_used_up() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        add(ring, 1, 0, 1);
        hand.setUsedIndex(1);
        assertBroken(ring, RingFault.USED_INDEX_JUMP);
    }

    @Test
    void a_used_id_out_of_range_breaks_the_queue() {
        for (long id : new long[] {4, 0x1_0000, 0x8000_0000L, 0xffff_ffffL}) {
            HandRing hand = new HandRing(4, 0);
            DriverRing ring = make(hand);
            add(ring, 1, 0, 1);
            ring.publish();
            hand.setUsed(0, id, 0).setUsedIndex(1);
            assertBroken(ring, RingFault.USED_ID_OUT_OF_RANGE);
        }
    }

    @Test
    void a_used_id_that_is_not_a_head_or_comes_twice_breaks_the_queue() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        add(ring, 2, 0, 1);
        add(ring, 1, 0, 2);
        ring.publish();
        hand.setUsed(0, hand.descriptorNext(hand.availSlot(0)), 0).setUsedIndex(1);
        assertBroken(ring, RingFault.USED_ID_NOT_OUTSTANDING);

        HandRing again = new HandRing(4, 0);
        DriverRing second = make(again);
        add(second, 1, 0, 1);
        add(second, 1, 0, 2);
        second.publish();
        again.setUsed(0, again.availSlot(0), 0).setUsed(1, again.availSlot(0), 0).setUsedIndex(2);
        assertThat(second.poll()).isOne();
        assertBroken(second, RingFault.USED_ID_NOT_OUTSTANDING);
    }

    @Test
    void a_used_length_of_more_than_the_writable_bytes_breaks_the_queue() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        add(ring, 1, 1, 1);
        ring.publish();
        hand.setUsed(0, hand.availSlot(0), 11).setUsedIndex(1);
        assertBroken(ring, RingFault.USED_LENGTH_TOO_LARGE);
    }

    // Notifications

    @Test
    void without_event_idx_the_flag_of_the_device_decides_about_kicks_2_7_10() {
        HandRing hand = new HandRing(4, 0);
        DriverRing ring = make(hand);
        assertThat(ring.kickNeeded()).isFalse();
        add(ring, 1, 0, 1);
        ring.publish();
        assertThat(ring.kickNeeded()).isTrue();
        assertThat(ring.kickNeeded()).isFalse();
        hand.setUsedFlags(1);
        add(ring, 1, 0, 1);
        ring.publish();
        assertThat(ring.kickNeeded()).isFalse();
    }

    @Test
    void with_event_idx_a_kick_is_due_when_avail_idx_passes_avail_event_2_7_10_1() {
        HandRing hand = new HandRing(4, EVENT_IDX);
        DriverRing ring = make(hand);
        add(ring, 1, 0, 1);
        ring.publish();
        assertThat(ring.kickNeeded()).isTrue();
        add(ring, 1, 0, 1);
        ring.publish();
        assertThat(ring.kickNeeded()).isFalse();
        hand.setAvailEvent(2);
        add(ring, 1, 0, 1);
        ring.publish();
        assertThat(ring.kickNeeded()).isTrue();
    }

    @Test
    void calls_are_switched_by_the_flag_or_by_used_event_2_7_7() {
        HandRing plain = new HandRing(4, 0);
        DriverRing ring = make(plain);
        ring.disableCalls();
        assertThat(plain.availFlags()).isOne();
        assertThat(ring.enableCalls()).isFalse();
        assertThat(plain.availFlags()).isZero();

        HandRing event = new HandRing(4, EVENT_IDX);
        DriverRing second = make(event);
        add(second, 1, 0, 1);
        second.publish();
        event.setUsed(0, event.availSlot(0), 0).setUsedIndex(1);
        assertThat(second.enableCalls()).isTrue();
        second.poll();
        assertThat(second.enableCalls()).isFalse();
        assertThat(event.usedEvent()).isOne();
        second.disableCalls();
        assertThat(event.availFlags()).isZero();
    }

    // IN_ORDER

    @Test
    void with_in_order_descriptors_are_used_in_ring_order_2_7_9() {
        HandRing hand = new HandRing(4, IN_ORDER);
        DriverRing ring = make(hand);
        int slot = 0;
        int next = 0;
        for (int i = 0; i < 10; i++) {
            int length = 1 + i % 3;
            assertThat(add(ring, length, 0, i)).isZero();
            ring.publish();
            assertThat(hand.availSlot(slot)).isEqualTo(next);
            hand.setUsed(slot, next, 0).setUsedIndex(slot + 1);
            assertThat(ring.poll()).isEqualTo(i);
            slot++;
            next = (next + length) % 4;
        }
    }

    @Test
    void with_in_order_one_element_stands_for_a_batch_2_7_9() {
        HandRing hand = new HandRing(8, IN_ORDER);
        DriverRing ring = make(hand);
        for (int i = 0; i < 5; i++) {
            add(ring, 0, 1, i);
        }
        ring.publish();
        hand.setUsed(0, hand.availSlot(2), 4).setUsed(3, hand.availSlot(3), 2).setUsedIndex(4);
        assertThat(ring.poll()).isZero();
        assertThat(ring.usedLength()).isEqualTo(10);
        assertThat(ring.poll()).isOne();
        assertThat(ring.usedLength()).isEqualTo(10);
        assertThat(ring.poll()).isEqualTo(2);
        assertThat(ring.usedLength()).isEqualTo(4);
        assertThat(ring.poll()).isEqualTo(3);
        assertThat(ring.usedLength()).isEqualTo(2);
        assertThat(ring.poll()).isEqualTo(DriverRing.EMPTY);
    }

    @Test
    void with_in_order_an_element_beyond_the_used_index_breaks_the_queue() {
        HandRing hand = new HandRing(8, IN_ORDER);
        DriverRing ring = make(hand);
        for (int i = 0; i < 5; i++) {
            add(ring, 0, 1, i);
        }
        ring.publish();
        hand.setUsed(0, hand.availSlot(2), 4).setUsedIndex(2);
        assertBroken(ring, RingFault.USED_OUT_OF_ORDER);
    }

    @Test
    void bad_configurations_are_refused_with_their_values() {
        HandRing hand = new HandRing(8, 0);
        assertThatThrownBy(() -> new DriverRingConfig(hand.addresses(), 300, 0)).hasMessageContaining("300");
        assertThatThrownBy(() -> new DriverRingConfig(hand.addresses(), 8, 0).withTables(8, 0, 4))
                .hasMessageContaining("0x8");
        assertThatThrownBy(() -> Rings.driver(new DriverRingConfig(hand.addresses(), 8, 1L << 34)))
                .hasMessageContaining("RING_PACKED");
    }

    private static int add(DriverRing ring, int out, int in, int token) {
        long[] addresses = new long[out + in];
        int[] lengths = new int[out + in];
        Arrays.fill(addresses, HandRing.HIGH);
        Arrays.fill(lengths, 10);
        return ring.add(addresses, lengths, out, in, token);
    }

    private static void assertBroken(DriverRing ring, int fault) {
        assertThat(ring.poll()).as(RingFault.describe(fault)).isEqualTo(fault);
        assertThat(ring.poll()).isEqualTo(fault);
        assertThat(ring.fault()).isEqualTo(fault);
    }
}
