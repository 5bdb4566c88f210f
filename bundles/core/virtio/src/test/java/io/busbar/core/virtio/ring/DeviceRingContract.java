package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.ring.HandRing.EVENT_IDX;
import static io.busbar.core.virtio.ring.HandRing.HIGH;
import static io.busbar.core.virtio.ring.HandRing.INDIRECT;
import static io.busbar.core.virtio.ring.HandRing.INDIRECT_DESC;
import static io.busbar.core.virtio.ring.HandRing.IN_ORDER;
import static io.busbar.core.virtio.ring.HandRing.LOW;
import static io.busbar.core.virtio.ring.HandRing.NEXT;
import static io.busbar.core.virtio.ring.HandRing.READ_ONLY;
import static io.busbar.core.virtio.ring.HandRing.REGION_BYTES;
import static io.busbar.core.virtio.ring.HandRing.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What the device side of a split queue does, for each way in which its class exists. Numbers are of virtio 1.2. */
abstract class DeviceRingContract {

    abstract DeviceRing make(DeviceRingConfig config, Regions regions);

    private DeviceRing make(HandRing hand) {
        return make(hand.config(), hand.regions());
    }

    // Chains and their buffers

    @Test
    void nothing_is_taken_from_an_empty_ring_2_7_6() {
        DeviceRing ring = make(new HandRing(8, 0));
        assertThat(ring.hasAvailable()).isFalse();
        assertThat(ring.take(8)).isZero();
    }

    @Test
    void a_chain_is_translated_readable_before_writable_2_7_4() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(5, LOW + 16, 16, NEXT, 2)
                .descriptor(2, HIGH + 512, 4096, NEXT | WRITE, 7)
                .descriptor(7, LOW + 3, 1, WRITE, 0)
                .offer(5);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isOne();

        Chain chain = ring.taken(0);
        assertThat(chain.head()).isEqualTo(5);
        assertThat(chain.fault()).isEqualTo(RingFault.NONE);
        assertThat(chain.readableBytes()).isEqualTo(16);
        assertThat(chain.writableBytes()).isEqualTo(4097);
        assertThat(chain.readableSegments()).isOne();
        assertThat(segments(chain)).containsExactly(
                hand.low.address() + 16, 16, hand.high.address() + 512, 4096, hand.low.address() + 3, 1);
        assertThat(chain.lastByteReachable()).isTrue();
    }

    @Test
    void a_buffer_that_spans_regions_is_several_segments() {
        HandRing hand = new HandRing(8, 0).descriptor(0, HIGH - 10, 30, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);

        assertThat(ring.take(1)).isOne();

        assertThat(segments(ring.taken(0))).containsExactly(
                hand.low.address() + REGION_BYTES - 10, 10, hand.high.address(), 20);
    }

    @Test
    void zero_length_descriptors_are_legal_whatever_their_address_2_7_5() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(0, 0x10, 0, NEXT, 1)
                .descriptor(1, LOW, 4, NEXT, 2)
                .descriptor(2, -1, 0, WRITE, 0)
                .descriptor(3, 0, 0, 0, 0)
                .offer(0, 3);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isEqualTo(2);

        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.NONE);
        assertThat(segments(ring.taken(0))).containsExactly(hand.low.address(), 4);
        assertThat(ring.taken(0).lastByteReachable()).isFalse();
        assertThat(ring.taken(1).segments()).isZero();
    }

    @Test
    void a_chain_as_long_as_the_queue_is_legal_2_7_5_2() {
        HandRing hand = new HandRing(8, 0);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW + i * 100L, 10 + i, i < 7 ? NEXT : 0, i + 1);
        }
        DeviceRing ring = make(hand.offer(0));

        assertThat(ring.take(8)).isOne();
        assertThat(ring.taken(0).segments()).isEqualTo(8);
        assertThat(ring.taken(0).readableBytes()).isEqualTo(108);
    }

    @Test
    void take_stops_at_its_maximum_and_goes_on_from_there() {
        HandRing hand = new HandRing(8, 0);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW, 1 + i, 0, 0);
        }
        DeviceRing ring = make(hand.offer(7, 6, 5, 4, 3, 2, 1, 0));

        assertThat(ring.take(3)).isEqualTo(3);
        assertThat(ring.taken(2).head()).isEqualTo(5);
        assertThat(ring.hasAvailable()).isTrue();
        assertThat(ring.take(0)).isZero();
        assertThat(ring.take(100)).isEqualTo(5);
        assertThat(ring.taken(4).head()).isZero();
        assertThat(ring.hasAvailable()).isFalse();
        assertThat(ring.outstanding()).isEqualTo(8);
    }

    @Test
    void a_queue_of_one_entry_works() {
        HandRing hand = new HandRing(1, 0).descriptor(0, LOW, 8, WRITE, 0);
        DeviceRing ring = make(hand);
        for (int i = 0; i < 5; i++) {
            hand.offer(0);
            assertThat(ring.take(4)).isOne();
            assertThat(ring.complete(ring.taken(0), 8)).isTrue();
            assertThat(ring.publish()).isOne();
        }
        assertThat(hand.usedIndex()).isEqualTo(5);
    }

    @Test
    void indices_run_on_through_65535_2_7_6() {
        HandRing hand = new HandRing(4, 0, 65534);
        hand.descriptor(0, LOW, 1, WRITE, 0).descriptor(1, LOW, 2, WRITE, 0).descriptor(2, LOW, 3, WRITE, 0);
        DeviceRing ring = make(hand);
        hand.offer(2, 1, 0);

        assertThat(ring.take(4)).isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            ring.complete(ring.taken(i), i);
        }
        assertThat(ring.publish()).isEqualTo(3);

        assertThat(ring.nextAvail()).isEqualTo(1);
        assertThat(ring.usedIndex()).isEqualTo(1);
        assertThat(hand.usedIndex()).isEqualTo(1);
        assertThat(List.of(hand.usedId(65534), hand.usedId(65535), hand.usedId(0))).containsExactly(2L, 1L, 0L);
    }

    // Used elements

    @Test
    void used_idx_is_published_after_the_elements_and_once_2_7_8() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(3, LOW, 10, WRITE, 0).descriptor(4, LOW, 20, WRITE, 0).offer(3, 4);
        DeviceRing ring = make(hand);
        ring.take(8);
        ring.complete(ring.chains[4], 20);
        ring.complete(ring.chains[3], 1);
        assertThat(hand.usedIndex()).isZero();

        assertThat(ring.publish()).isEqualTo(2);

        assertThat(hand.usedIndex()).isEqualTo(2);
        assertThat(hand.usedId(0)).isEqualTo(4);
        assertThat(hand.usedLength(0)).isEqualTo(20);
        assertThat(hand.usedId(1)).isEqualTo(3);
        assertThat(hand.usedLength(1)).isOne();
        assertThat(ring.publish()).isZero();
        assertThat(ring.outstanding()).isZero();
    }

    @Test
    void used_length_is_never_more_than_the_writable_bytes_2_7_8_2() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(0, LOW, 100, NEXT, 1).descriptor(1, LOW, 7, WRITE, 0).descriptor(2, LOW, 5, 0, 0)
                .offer(0, 2);
        DeviceRing ring = make(hand);
        ring.take(8);
        ring.complete(ring.taken(0), Long.MAX_VALUE);
        ring.complete(ring.taken(1), 5);
        ring.publish();

        assertThat(hand.usedLength(0)).isEqualTo(7);
        assertThat(hand.usedLength(1)).isZero();
    }

    @Test
    void a_chain_is_completed_once() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 1, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        ring.take(8);
        Chain chain = ring.taken(0);
        assertThat(chain.isTaken()).isTrue();
        assertThat(ring.complete(chain, 1)).isTrue();
        assertThat(chain.isTaken()).isFalse();
        assertThat(ring.complete(chain, 1)).isFalse();
        assertThat(ring.publish()).isOne();
        assertThat(ring.complete(chain, 1)).isFalse();
        assertThat(ring.publish()).isZero();
    }

    @Test
    void a_chain_of_another_queue_is_not_completed_here() {
        HandRing one = new HandRing(8, 0).descriptor(0, LOW, 1, WRITE, 0).offer(0);
        HandRing two = new HandRing(8, 0).descriptor(0, LOW, 1, WRITE, 0).offer(0);
        DeviceRing first = make(one);
        DeviceRing second = make(two);
        first.take(1);
        second.take(1);
        assertThat(second.complete(first.taken(0), 1)).isFalse();
    }

    @Test
    void each_taking_has_its_own_ticket_in_order() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(0, LOW, 1, WRITE, 0).descriptor(1, LOW, 1, WRITE, 0).offer(1, 0);
        DeviceRing ring = make(hand.config().withNextTicket(40), hand.regions());
        ring.take(8);
        assertThat(ring.inFlight()).extracting(Chain::head).containsExactly(1, 0);
        assertThat(ring.inFlight()).extracting(Chain::ticket).containsExactly(40L, 41L);
        ring.complete(ring.taken(0), 1);
        ring.publish();
        hand.offer(1);
        ring.take(8);
        assertThat(ring.taken(0).ticket()).isEqualTo(42);
        assertThat(ring.inFlight()).extracting(Chain::head).containsExactly(0, 1);
    }

    // Indirect tables

    @Test
    void an_indirect_table_is_followed_by_its_own_links_2_7_5_3() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(6, LOW + 64, 48, INDIRECT | WRITE, 0).offer(6);
        HandRing.entry(hand.low, 64, 0, LOW + 1000, 16, NEXT, 2);
        HandRing.entry(hand.low, 64, 2, HIGH + 2000, 512, NEXT | WRITE, 1);
        HandRing.entry(hand.low, 64, 1, HIGH, 1, WRITE, 77);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isOne();

        Chain chain = ring.taken(0);
        assertThat(segments(chain)).containsExactly(hand.low.address() + 1000, 16,
                hand.high.address() + 2000, 512, hand.high.address(), 1);
        assertThat(chain.readableSegments()).isOne();
        ring.complete(chain, 513);
        ring.publish();
        assertThat(hand.usedId(0)).isEqualTo(6);
    }

    @Test
    void direct_descriptors_may_lead_to_one_indirect_table_2_7_5_3() {
        HandRing hand = new HandRing(8, INDIRECT_DESC)
                .descriptor(0, LOW, 16, NEXT, 1).descriptor(1, LOW + 64, 32, INDIRECT, 0).offer(0);
        HandRing.entry(hand.low, 64, 0, LOW + 1000, 8, NEXT, 1);
        HandRing.entry(hand.low, 64, 1, LOW + 3000, 1, WRITE, 0);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isOne();
        assertThat(ring.taken(0).readableBytes()).isEqualTo(24);
        assertThat(ring.taken(0).writableBytes()).isOne();
        ring.complete(ring.taken(0), 1);
        ring.publish();
        assertThat(hand.usedId(0)).isZero();
    }

    @Test
    void an_indirect_table_across_regions_is_copied_before_it_is_read() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(0, HIGH - 24, 48, INDIRECT, 0).offer(0);
        MemorySegment table = Arena.global().allocate(48);
        HandRing.entry(table, 0, 0, LOW + 5, 16, NEXT, 1);
        HandRing.entry(table, 0, 1, LOW + 77, 33, NEXT | WRITE, 2);
        HandRing.entry(table, 0, 2, HIGH + 99, 1, WRITE, 0);
        MemorySegment.copy(table, 0, hand.low, REGION_BYTES - 24, 24);
        MemorySegment.copy(table, 24, hand.high, 0, 24);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isOne();
        assertThat(segments(ring.taken(0))).containsExactly(hand.low.address() + 5, 16, hand.low.address() + 77, 33,
                hand.high.address() + 99, 1);
    }

    @Test
    void an_indirect_chain_as_long_as_the_queue_is_legal_and_one_longer_is_not_2_7_5_3() {
        assertThat(takeIndirect(8, 8, 0)).isOne();
        assertThat(takeIndirect(9, 9, 0)).isEqualTo(RingFault.INDIRECT_TOO_LONG);
    }

    @Test
    void direct_descriptors_count_against_the_limit_of_an_indirect_chain() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(0, LOW, 4, NEXT, 1)
                .descriptor(1, LOW + 4096, 8 * 16, INDIRECT, 0).offer(0);
        for (int i = 0; i < 8; i++) {
            HandRing.entry(hand.low, 4096, i, LOW, 1, i < 7 ? NEXT : 0, i + 1);
        }
        assertThat(make(hand).take(8)).isEqualTo(RingFault.CHAIN_TOO_LONG);

        HandRing.entry(hand.low, 4096, 6, LOW, 1, 0, 0);
        assertThat(make(hand).take(8)).isOne();
    }

    @Test
    void a_relaxed_limit_lets_longer_indirect_chains_through() {
        assertThat(takeIndirect(1024, 1024, 1024)).isOne();
        assertThat(takeIndirect(1025, 1025, 1024)).isEqualTo(RingFault.INDIRECT_TOO_LONG);
    }

    private int takeIndirect(int entries, int linked, int limit) {
        HandRing hand = new HandRing(8, INDIRECT_DESC)
                .descriptor(0, LOW + 4096, 16L * entries, INDIRECT, 0).offer(0);
        for (int i = 0; i < linked; i++) {
            HandRing.entry(hand.low, 4096, i, LOW, 1, i + 1 < linked ? NEXT : 0, i + 1);
        }
        DeviceRingConfig config = limit == 0 ? hand.config() : hand.config().withChainLimit(limit);
        DeviceRing ring = make(config, hand.regions());
        int taken = ring.take(8);
        if (taken == 1) {
            assertThat(ring.taken(0).segments()).isEqualTo(linked);
        }
        return taken;
    }

    // Malformed: the queue breaks

    @Test
    void an_available_index_that_jumps_breaks_the_queue_2_7_6() {
        HandRing hand = new HandRing(8, 0).setAvailIndex(8);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW, 1, 0, 0);
            hand.avail.set(ValueLayout.JAVA_SHORT, 4 + 2L * i, (short) i);
        }
        assertThat(make(hand).take(8)).isEqualTo(8);
        assertBroken(new HandRing(8, 0).setAvailIndex(9), RingFault.AVAIL_INDEX_JUMP);
    }

    @Test
    void an_available_index_that_moves_backwards_breaks_the_queue() {
        assertBroken(new HandRing(8, 0, 100).setAvailIndex(99), RingFault.AVAIL_INDEX_JUMP);
    }

    @Test
    void a_head_out_of_range_breaks_the_queue() {
        assertBroken(new HandRing(8, 0).offer(8), RingFault.HEAD_OUT_OF_RANGE);
        assertBroken(new HandRing(8, 0).offer(0xffff), RingFault.HEAD_OUT_OF_RANGE);
    }

    @Test
    void a_head_that_is_in_flight_or_only_staged_breaks_the_queue() {
        assertThat(takeAll(new HandRing(8, 0).descriptor(3, LOW, 1, 0, 0).offer(3, 3)))
                .containsExactly(1, RingFault.HEAD_TWICE);

        HandRing hand = new HandRing(8, 0).descriptor(3, LOW, 1, 0, 0).offer(3);
        DeviceRing ring = make(hand);
        ring.take(1);
        ring.complete(ring.taken(0), 0);
        hand.offer(3);
        assertThat(ring.take(1)).isEqualTo(RingFault.HEAD_TWICE);
    }

    @Test
    void a_next_out_of_range_breaks_the_queue() {
        assertBroken(new HandRing(8, 0).descriptor(0, LOW, 1, NEXT, 8).offer(0), RingFault.NEXT_OUT_OF_RANGE);
        assertBroken(new HandRing(8, 0).descriptor(0, LOW, 1, NEXT, 0xffff).offer(0), RingFault.NEXT_OUT_OF_RANGE);
    }

    @Test
    void a_next_out_of_an_indirect_table_breaks_the_queue_even_if_the_queue_is_longer() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(0, LOW + 64, 32, INDIRECT, 0).offer(0);
        HandRing.entry(hand.low, 64, 0, LOW, 1, NEXT, 2);
        assertBroken(hand, RingFault.NEXT_OUT_OF_RANGE);
    }

    @Test
    void a_loop_breaks_the_queue() {
        assertBroken(new HandRing(8, 0).descriptor(0, LOW, 1, NEXT, 0).offer(0), RingFault.CHAIN_LOOP);
        HandRing hand = new HandRing(8, 0);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW, 0, NEXT, i + 1 & 7);
        }
        assertBroken(hand.offer(4), RingFault.CHAIN_LOOP);
    }

    @Test
    void a_loop_in_an_indirect_table_breaks_the_queue() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(0, LOW + 64, 32, INDIRECT, 0).offer(0);
        HandRing.entry(hand.low, 64, 0, LOW, 1, NEXT, 1);
        HandRing.entry(hand.low, 64, 1, LOW, 1, NEXT, 0);
        assertBroken(hand, RingFault.CHAIN_LOOP);
    }

    @Test
    void an_indirect_table_that_was_not_negotiated_breaks_the_queue() {
        assertBroken(new HandRing(8, 0).descriptor(0, LOW, 16, INDIRECT, 0).offer(0),
                RingFault.INDIRECT_NOT_NEGOTIATED);
    }

    @Test
    void an_indirect_descriptor_with_next_breaks_the_queue_2_7_5_3_1() {
        assertBroken(new HandRing(8, INDIRECT_DESC).descriptor(0, LOW, 16, INDIRECT | NEXT, 1).offer(0),
                RingFault.INDIRECT_WITH_NEXT);
    }

    @Test
    void an_indirect_table_of_bad_length_breaks_the_queue() {
        for (long length : new long[] {0, 1, 15, 17, 0xffff_ffffL}) {
            assertBroken(new HandRing(8, INDIRECT_DESC).descriptor(0, LOW, length, INDIRECT, 0).offer(0),
                    RingFault.INDIRECT_BAD_LENGTH);
        }
    }

    @Test
    void an_indirect_table_of_2_to_the_28_entries_is_refused_before_it_is_read() {
        assertBroken(new HandRing(8, INDIRECT_DESC).descriptor(0, LOW, 0xffff_fff0L, INDIRECT, 0).offer(0),
                RingFault.INDIRECT_TOO_LONG);
    }

    @Test
    void an_indirect_descriptor_in_an_indirect_table_breaks_the_queue() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(0, LOW + 64, 16, INDIRECT, 0).offer(0);
        HandRing.entry(hand.low, 64, 0, LOW + 64, 16, INDIRECT, 0);
        assertBroken(hand, RingFault.INDIRECT_NESTED);
    }

    @Test
    void a_malformed_table_in_the_region_used_last_breaks_the_queue_as_elsewhere() {
        assertTableBreaks(RingFault.NEXT_OUT_OF_RANGE, 32, NEXT, 2);
        assertTableBreaks(RingFault.CHAIN_LOOP, 32, NEXT, 0);
        assertTableBreaks(RingFault.INDIRECT_NESTED, 16, INDIRECT, 0);
        assertTableBreaks(RingFault.INDIRECT_BAD_LENGTH, 0, 0, 0);
        assertTableBreaks(RingFault.INDIRECT_BAD_LENGTH, 17, 0, 0);
        assertTableBreaks(RingFault.INDIRECT_TOO_LONG, 9 * 16, 0, 0);
    }

    /** A table of so many bytes, whose first entry has these flags and this link. */
    private void assertTableBreaks(int fault, long bytes, int flags, int next) {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(7, LOW, 1, 0, 0)
                .descriptor(0, LOW + 64, bytes, INDIRECT, 0).offer(7, 0);
        HandRing.entry(hand.low, 64, 0, LOW, 1, flags, next);
        DeviceRing ring = make(hand);
        assertThat(ring.take(8)).isOne();
        assertThat(ring.fault()).isEqualTo(fault);
    }

    @Test
    void an_indirect_chain_with_many_segments_in_the_region_used_last_is_read_to_its_end() {
        HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(7, LOW, 1, 0, 0)
                .descriptor(0, LOW + 64, 8 * 16, INDIRECT, 0).offer(7, 0);
        for (int i = 0; i < 8; i++) {
            HandRing.entry(hand.low, 64, i, LOW + 8 * i, 8, (i < 6 ? 0 : WRITE) | (i < 7 ? NEXT : 0), i + 1);
        }
        DeviceRing ring = make(hand);
        assertThat(ring.take(8)).isEqualTo(2);
        assertThat(ring.taken(1).segments()).isEqualTo(8);
        assertThat(ring.taken(1).readableBytes()).isEqualTo(48);
        assertThat(ring.taken(1).writableBytes()).isEqualTo(16);
    }

    @Test
    void a_readable_after_a_writable_descriptor_breaks_the_queue_2_7_4_2() {
        assertBroken(new HandRing(8, 0).descriptor(0, LOW, 1, WRITE | NEXT, 1).descriptor(1, LOW, 1, 0, 0).offer(0),
                RingFault.READABLE_AFTER_WRITABLE);
        assertBroken(new HandRing(8, 0).descriptor(0, LOW, 0, WRITE | NEXT, 1).descriptor(1, LOW, 1, 0, 0).offer(0),
                RingFault.READABLE_AFTER_WRITABLE);
    }

    @Test
    void a_readable_table_entry_after_a_writable_direct_descriptor_breaks_the_queue() {
        for (long length : new long[] {0, 1}) {
            HandRing hand = new HandRing(8, INDIRECT_DESC).descriptor(0, LOW, length, WRITE | NEXT, 1)
                    .descriptor(1, LOW + 64, 16, INDIRECT, 0).offer(0);
            HandRing.entry(hand.low, 64, 0, LOW, 1, 0, 0);
            assertBroken(hand, RingFault.READABLE_AFTER_WRITABLE);
        }
    }

    @Test
    void good_chains_before_a_broken_one_are_handed_over_first_and_can_be_completed() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 1, WRITE, 0).descriptor(1, LOW, 1, 0, 0)
                .offer(0, 1, 9);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isEqualTo(2);
        assertThat(ring.fault()).isEqualTo(RingFault.HEAD_OUT_OF_RANGE);
        assertThat(ring.take(8)).isEqualTo(RingFault.HEAD_OUT_OF_RANGE);
        assertThat(ring.hasAvailable()).isFalse();
        assertThat(ring.complete(ring.chains[0], 1)).isTrue();
        assertThat(ring.publish()).isOne();
        assertThat(ring.nextAvail()).isEqualTo(2);
    }

    // Malformed: the chain is handed over with a fault

    @Test
    void a_writable_buffer_outside_memory_leaves_the_status_reachable() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 16, NEXT, 1)
                .descriptor(1, LOW + 32, 8, NEXT | WRITE, 2)
                .descriptor(2, 0x999, 512, NEXT | WRITE, 3)
                .descriptor(3, LOW + 200, 1, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isOne();

        Chain chain = ring.taken(0);
        assertThat(chain.fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(segments(chain)).containsExactly(
                hand.low.address(), 16, hand.low.address() + 32, 8, hand.low.address() + 200, 1);
        assertThat(chain.lastByteReachable()).isTrue();
        assertThat(chain.usedLengthLimit()).isEqualTo(8);
        ring.complete(chain, 9);
        ring.publish();
        assertThat(hand.usedLength(0)).isEqualTo(8);
    }

    @Test
    void a_status_outside_memory_is_not_reachable() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 16, NEXT, 1)
                .descriptor(1, LOW + 32, 8, NEXT | WRITE, 2).descriptor(2, 1, 1, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        ring.take(8);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(ring.taken(0).lastByteReachable()).isFalse();
    }

    @Test
    void readable_bytes_after_a_missing_buffer_are_not_handed_over() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 8, NEXT, 1).descriptor(1, 5, 8, NEXT, 2)
                .descriptor(2, LOW + 100, 30, NEXT, 3).descriptor(3, LOW + 200, 1, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        ring.take(8);
        Chain chain = ring.taken(0);
        assertThat(chain.fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(chain.readableBytes()).isEqualTo(8);
        assertThat(chain.writableBytes()).isOne();
        assertThat(segments(chain)).containsExactly(hand.low.address(), 8, hand.low.address() + 200, 1);
        assertThat(chain.lastByteReachable()).isTrue();
        assertThat(chain.usedLengthLimit()).isOne();
    }

    @Test
    void a_buffer_that_ends_outside_memory_is_missing_from_there_on() {
        HandRing hand = new HandRing(8, 0).descriptor(0, HIGH + REGION_BYTES - 4, 5, WRITE, 0)
                .descriptor(1, HIGH + REGION_BYTES - 4, 4, WRITE, 0).offer(0, 1);
        DeviceRing ring = make(hand);
        ring.take(8);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(ring.taken(0).lastByteReachable()).isFalse();
        assertThat(ring.taken(0).usedLengthLimit()).isEqualTo(4);
        assertThat(ring.taken(1).fault()).isEqualTo(RingFault.NONE);
    }

    @Test
    void a_buffer_that_wraps_the_address_space_is_a_fault_of_its_chain() {
        assertThat(chainFault(-1L, 2, 0)).isEqualTo(RingFault.BUFFER_WRAPS);
        assertThat(chainFault(-0xffff_ffffL, 0xffff_ffffL, WRITE)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(chainFault(LOW, 0xffff_ffffL, WRITE)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(chainFault(Long.MAX_VALUE, 16, WRITE)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(chainFault(LOW + Long.MIN_VALUE, 16, WRITE)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(chainFault(LOW - 1, 2, WRITE)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
    }

    @Test
    void the_device_may_read_but_not_write_memory_that_is_read_only() {
        assertThat(chainFault(READ_ONLY, 16, 0)).isEqualTo(RingFault.NONE);
        assertThat(chainFault(READ_ONLY, 16, WRITE)).isEqualTo(RingFault.BUFFER_NOT_WRITABLE);
    }

    @Test
    void the_region_used_last_does_not_lend_its_rights_or_bounds() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(0, READ_ONLY, 16, 0, 0).descriptor(1, READ_ONLY, 16, WRITE, 0)
                .descriptor(2, LOW, 16, WRITE, 0).descriptor(3, LOW - 8, 16, WRITE, 0)
                .descriptor(4, LOW, 16, 0, 0).descriptor(5, HIGH + REGION_BYTES - 8, 16, 0, 0)
                .descriptor(6, LOW + Long.MAX_VALUE, 0xffff_ffffL, 0, 0)
                .offer(0, 1, 2, 3, 4, 5, 6);
        DeviceRing ring = make(hand);
        assertThat(ring.take(8)).isEqualTo(7);
        assertThat(List.of(0, 1, 2, 3, 4, 5, 6)).extracting(i -> ring.taken(i).fault()).containsExactly(
                0, RingFault.BUFFER_NOT_WRITABLE, 0, RingFault.BUFFER_OUTSIDE_MEMORY, 0,
                RingFault.BUFFER_OUTSIDE_MEMORY, RingFault.BUFFER_OUTSIDE_MEMORY);
    }

    @Test
    void an_indirect_table_outside_memory_is_a_fault_of_its_chain() {
        HandRing hand = new HandRing(8, INDIRECT_DESC)
                .descriptor(0, 0x999, 32, INDIRECT, 0)
                .descriptor(1, LOW, 4, NEXT, 2).descriptor(2, HIGH + REGION_BYTES - 16, 32, INDIRECT, 0).offer(0, 1);
        DeviceRing ring = make(hand);
        assertThat(ring.take(8)).isEqualTo(2);
        for (int i = 0; i < 2; i++) {
            assertThat(ring.taken(i).fault()).isEqualTo(RingFault.TABLE_OUTSIDE_MEMORY);
            assertThat(ring.taken(i).lastByteReachable()).isFalse();
            assertThat(ring.taken(i).usedLengthLimit()).isZero();
        }
        assertThat(ring.taken(1).readableBytes()).isEqualTo(4);
    }

    @Test
    void a_fault_is_forgotten_when_the_head_is_taken_again() {
        HandRing hand = new HandRing(8, 0).descriptor(0, 1, 1, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        ring.take(1);
        ring.complete(ring.taken(0), 0);
        ring.publish();
        hand.descriptor(0, LOW, 10, WRITE, 0).offer(0);
        ring.take(1);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.NONE);
        assertThat(ring.taken(0).usedLengthLimit()).isEqualTo(10);
        assertThat(ring.taken(0).lastByteReachable()).isTrue();
    }

    @Test
    void buffers_of_more_than_4_gib_in_one_chain_are_a_fault_and_4_gib_are_not_2_7_5_2() {
        Regions.Region huge = new Regions.Region(0x1000, 1L << 40, 1L << 44, true);
        HandRing hand = new HandRing(8, 0).descriptor(0, 0x1000, 0xffff_ffffL, WRITE | NEXT, 1)
                .descriptor(1, 0x1000, 1, WRITE, 0).descriptor(2, 0x1000, 0xffff_ffffL, WRITE | NEXT, 3)
                .descriptor(3, 0x1000, 2, WRITE, 0).offer(0, 2);
        DeviceRing ring = make(hand.config(), Regions.of(List.of(huge)));
        assertThat(ring.take(8)).isEqualTo(2);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.NONE);
        assertThat(ring.taken(0).writableBytes()).isEqualTo(1L << 32);
        assertThat(ring.taken(0).segments()).isEqualTo(5);
        assertThat(ring.taken(0).length(0)).isEqualTo(Chain.MAX_SEGMENT_BYTES);
        assertThat(ring.taken(1).fault()).isEqualTo(RingFault.CHAIN_TOO_LARGE);
        ring.complete(ring.taken(0), 1L << 32);
        ring.publish();
        assertThat(hand.usedLength(0)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void four_buffers_of_1_gib_are_told_as_what_fits_into_32_bits() {
        Regions.Region huge = new Regions.Region(0x1000, 1L << 40, 1L << 44, true);
        HandRing hand = new HandRing(8, 0);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, 0x1000, 1L << 30, WRITE | (i % 4 < 3 ? NEXT : 0), i + 1);
        }
        DeviceRing ring = make(hand.config(), Regions.of(List.of(huge)));
        for (int i = 0; i < 2; i++) {
            hand.offer(4 * i);
            assertThat(ring.take(8)).isOne();
            assertThat(ring.taken(0).fault()).isEqualTo(RingFault.NONE);
            assertThat(ring.taken(0).writableBytes()).isEqualTo(1L << 32);
            ring.complete(ring.taken(0), 1L << 32);
            ring.publish();
            assertThat(hand.usedLength(i)).isEqualTo(0xffff_ffffL);
        }
    }

    @Test
    void a_chain_in_very_many_pieces_is_a_fault_and_not_an_allocation_without_bound() {
        List<Regions.Region> pieces = new ArrayList<>();
        for (int i = 0; i < 4096; i++) {
            pieces.add(new Regions.Region(0x10_0000 + i * 16L, 16, 0x100_0000 + i * 32L, true));
        }
        HandRing hand = new HandRing(8, 0).descriptor(0, 0x10_0000, 4096 * 16, NEXT | WRITE, 1)
                .descriptor(1, 0x10_0000, 16, WRITE, 0).offer(0);
        DeviceRing ring = make(hand.config(), Regions.of(pieces));
        assertThat(ring.take(8)).isOne();
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.CHAIN_TOO_SCATTERED);
        assertThat(ring.taken(0).segments()).isLessThan(64);
    }

    @Test
    void all_chains_of_a_queue_together_keep_room_for_a_bounded_number_of_segments() {
        int entries = 32768;
        MemorySegment memory = Arena.global().allocate(16L * entries, 16);
        Regions regions = Regions.of(List.of(new Regions.Region(LOW, memory.byteSize(), memory.address(), true)));
        for (int i = 0; i < entries; i++) {
            HandRing.entry(memory, 0, i, LOW, 1, WRITE | (i + 1 < entries ? NEXT : 0), i + 1);
        }
        HandRing hand = new HandRing(64, INDIRECT_DESC);
        for (int i = 0; i < 64; i++) {
            hand.descriptor(i, LOW, 16L * entries, INDIRECT, 0);
        }
        DeviceRing ring = make(hand.config().withChainLimit(entries), regions);
        for (int i = 0; i < 64; i++) {
            hand.offer(i);
        }
        assertThat(ring.take(64)).isEqualTo(64);
        long whole = ring.inFlight().stream().filter(chain -> chain.fault() == RingFault.NONE).count();
        assertThat(whole).isEqualTo(SplitDeviceRing.GROWTH_BUDGET / entries);
        assertThat(ring.taken(63).fault()).isEqualTo(RingFault.CHAIN_TOO_SCATTERED);
        for (int i = 0; i < 64; i++) {
            ring.complete(ring.taken(i), 0);
        }
        ring.publish();

        hand.offer(63);
        assertThat(ring.take(1)).isOne();
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.NONE);
        assertThat(ring.taken(0).segments()).isEqualTo(entries);
    }

    @Test
    void descriptors_that_change_while_they_are_read_never_lead_outside_memory() throws InterruptedException {
        HandRing hand = new HandRing(8, INDIRECT_DESC);
        DeviceRing ring = make(hand);
        AtomicBoolean stop = new AtomicBoolean();
        Thread driver = new Thread(() -> {
            Random random = new Random(1);
            while (!stop.get()) {
                int index = random.nextInt(8);
                boolean good = random.nextInt(4) != 0;
                hand.descriptor(index, good ? LOW + random.nextInt(1000) : random.nextLong(),
                        good ? random.nextInt(64) : random.nextInt(), random.nextInt(8) == 0 ? WRITE : 0, index);
                HandRing.entry(hand.low, 0, index, good ? HIGH : random.nextLong(), random.nextInt(), WRITE, 0);
            }
        });
        driver.start();
        long chains = 0;
        long end = System.nanoTime() + 300_000_000L;
        while (System.nanoTime() < end || chains < 1000) {
            hand.offer((int) (chains & 7));
            int taken = ring.take(8);
            if (taken < 0) {
                hand.availIndex = hand.usedIndex();
                hand.setAvailIndex(hand.availIndex);
                ring = Rings.plainDevice(new DeviceRingConfig(hand.addresses(), 8, hand.features)
                        .withNextAvail(hand.availIndex), hand.regions());
                continue;
            }
            Chain chain = ring.taken(0);
            for (int i = 0; i < chain.segments(); i++) {
                assertInside(hand, chain.address(i), chain.length(i), i >= chain.readableSegments());
            }
            ring.complete(chain, Long.MAX_VALUE);
            ring.publish();
            assertThat(hand.usedLength(hand.usedIndex() - 1 & 0xffff)).isLessThanOrEqualTo(chain.writableBytes());
            chains++;
        }
        stop.set(true);
        driver.join();
    }

    private static void assertInside(HandRing hand, long address, int length, boolean write) {
        boolean inside = false;
        for (MemorySegment region : List.of(hand.low, hand.high, hand.readOnly)) {
            long offset = address - region.address();
            inside |= (region != hand.readOnly || !write) && length > 0 && offset >= 0
                    && offset <= region.byteSize() - length;
        }
        assertThat(inside).isTrue();
    }

    @Test
    void regions_can_be_replaced_between_batches() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 4, WRITE, 0).descriptor(1, LOW, 4, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        ring.take(8);
        ring.regions(Regions.of(List.of(new Regions.Region(LOW, 64, hand.high.address(), true))));
        hand.offer(1);
        assertThat(segments(ring.chains[0])).containsExactly(hand.low.address(), 4);
        ring.take(8);
        assertThat(segments(ring.taken(0))).containsExactly(hand.high.address(), 4);
        ring.regions(Regions.EMPTY);
        ring.complete(ring.taken(0), 0);
        ring.publish();
        hand.offer(1);
        ring.take(8);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
    }

    @Test
    void nothing_is_read_or_written_through_a_table_that_was_replaced() {
        for (int flags : new int[] {0, WRITE}) {
            HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 4, flags, 0).descriptor(1, LOW, 4, flags, 0);
            DeviceRing ring = make(hand.offer(0));
            ring.take(8);
            ring.regions(Regions.EMPTY);
            hand.offer(1);
            ring.take(8);
            assertThat(ring.taken(0).fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        }
        HandRing hand = new HandRing(8, INDIRECT_DESC)
                .descriptor(0, LOW, 16, INDIRECT, 0).descriptor(1, LOW, 16, INDIRECT, 0);
        HandRing.entry(hand.low, 0, 0, LOW, 1, 0, 0);
        DeviceRing ring = make(hand.offer(0));
        ring.take(8);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.NONE);
        ring.regions(Regions.EMPTY);
        hand.offer(1);
        ring.take(8);
        assertThat(ring.taken(0).fault()).isEqualTo(RingFault.TABLE_OUTSIDE_MEMORY);
    }

    // What the driver writes to words that are not its own

    @Test
    void used_idx_in_memory_is_not_read_back() {
        HandRing hand = new HandRing(8, EVENT_IDX).descriptor(0, LOW, 1, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        hand.setUsedIndex(4711).setAvailEvent(99);
        ring.take(1);
        ring.complete(ring.taken(0), 1);
        ring.publish();
        assertThat(ring.usedIndex()).isOne();
        assertThat(hand.usedIndex()).isOne();
    }

    // Notifications

    @Test
    void without_event_idx_the_flag_of_the_driver_decides_about_calls_2_7_7() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 1, WRITE, 0);
        DeviceRing ring = make(hand);
        assertThat(ring.callNeeded()).isFalse();
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isTrue();
        assertThat(ring.callNeeded()).isFalse();
        hand.availFlags(1);
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isFalse();
    }

    @Test
    void with_event_idx_a_call_is_due_when_used_idx_passes_used_event_2_7_7_2() {
        HandRing hand = new HandRing(8, EVENT_IDX).descriptor(0, LOW, 1, WRITE, 0).availFlags(1);
        DeviceRing ring = make(hand);
        useOnce(hand, ring);
        ring.callNeeded();
        hand.usedEvent(2);
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isFalse();
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isTrue();
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isFalse();
    }

    @Test
    void calls_that_were_not_asked_about_are_decided_together() {
        HandRing hand = new HandRing(8, EVENT_IDX).descriptor(0, LOW, 1, WRITE, 0);
        DeviceRing ring = make(hand);
        useOnce(hand, ring);
        ring.callNeeded();
        hand.usedEvent(1);
        useOnce(hand, ring);
        useOnce(hand, ring);
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isTrue();
    }

    @Test
    void a_full_turn_of_the_index_without_asking_is_called_for() {
        HandRing hand = new HandRing(8, EVENT_IDX).descriptor(0, LOW, 1, WRITE, 0);
        DeviceRing ring = make(hand);
        useOnce(hand, ring);
        ring.callNeeded();
        hand.usedEvent(40000);
        for (int i = 0; i < 65536; i++) {
            useOnce(hand, ring);
        }
        assertThat(ring.callNeeded()).isTrue();
    }

    @Test
    void the_first_call_after_start_is_made_whatever_used_event_says() {
        HandRing hand = new HandRing(8, EVENT_IDX, 500).descriptor(0, LOW, 1, WRITE, 0).usedEvent(20000);
        DeviceRing ring = make(hand);
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isTrue();
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isFalse();
    }

    @Test
    void used_event_is_compared_through_the_wrap_of_the_index() {
        HandRing hand = new HandRing(8, EVENT_IDX, 65533).descriptor(0, LOW, 1, WRITE, 0);
        DeviceRing ring = make(hand);
        useOnce(hand, ring);
        ring.callNeeded();
        hand.usedEvent(0);
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isFalse();
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isFalse();
        useOnce(hand, ring);
        assertThat(ring.callNeeded()).isTrue();
    }

    @Test
    void without_event_idx_kicks_are_switched_by_the_used_flag_2_7_10() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 1, 0, 0);
        DeviceRing ring = make(hand);
        ring.disableKicks();
        assertThat(hand.usedFlags()).isOne();
        assertThat(ring.enableKicks()).isFalse();
        assertThat(hand.usedFlags()).isZero();
    }

    @Test
    void a_ring_that_another_device_left_with_kicks_switched_off_has_them_switched_on_again_2_7_10() {
        HandRing hand = new HandRing(8, 0);
        make(hand).disableKicks();
        DeviceRing successor = make(hand);
        assertThat(successor.enableKicks()).isFalse();
        assertThat(hand.usedFlags()).isZero();
    }

    @Test
    void with_event_idx_avail_event_is_written_each_time_kicks_are_wanted_2_7_10_1() {
        HandRing hand = new HandRing(8, EVENT_IDX).descriptor(0, LOW, 1, 0, 0);
        DeviceRing ring = make(hand);
        useOnce(hand, ring);
        useOnce(hand, ring);
        assertThat(hand.availEvent()).isZero();
        assertThat(ring.enableKicks()).isFalse();
        assertThat(hand.availEvent()).isEqualTo(2);
        ring.disableKicks();
        assertThat(hand.usedFlags()).isZero();
    }

    @Test
    void work_that_came_before_kicks_were_enabled_is_reported_2_7_10() {
        for (long features : new long[] {0, EVENT_IDX}) {
            HandRing hand = new HandRing(8, features).descriptor(0, LOW, 1, 0, 0).offer(0);
            DeviceRing ring = make(hand);
            ring.disableKicks();
            assertThat(ring.enableKicks()).isTrue();
        }
    }

    // IN_ORDER

    @Test
    void with_in_order_early_completions_are_held_back_2_7_9() {
        HandRing hand = new HandRing(8, IN_ORDER);
        for (int i = 0; i < 4; i++) {
            hand.descriptor(i, LOW, 10, WRITE, 0);
        }
        DeviceRing ring = make(hand.offer(0, 1, 2, 3));
        ring.take(8);
        ring.complete(ring.chains[2], 2);
        ring.complete(ring.chains[1], 1);
        assertThat(ring.publish()).isZero();
        assertThat(hand.usedIndex()).isZero();

        ring.complete(ring.chains[0], 10);
        assertThat(ring.publish()).isEqualTo(3);
        assertThat(List.of(hand.usedId(0), hand.usedId(1), hand.usedId(2))).containsExactly(0L, 1L, 2L);
        assertThat(List.of(hand.usedLength(0), hand.usedLength(1), hand.usedLength(2))).containsExactly(10L, 1L, 2L);

        hand.offer(2);
        assertThat(ring.take(8)).isOne();
        ring.complete(ring.taken(0), 7);
        assertThat(ring.publish()).isZero();
        ring.complete(ring.chains[3], 3);
        assertThat(ring.publish()).isEqualTo(2);
        assertThat(hand.usedId(3)).isEqualTo(3);
        assertThat(hand.usedId(4)).isEqualTo(2);
        assertThat(ring.outstanding()).isZero();
    }

    // State

    @Test
    void a_queue_goes_on_from_its_saved_state() {
        HandRing hand = new HandRing(8, 0, 65530);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW + i, 1, WRITE, 0);
        }
        DeviceRing first = make(hand);
        hand.offer(0, 1, 2);
        first.take(2);
        first.complete(first.taken(0), 1);
        first.complete(first.taken(1), 1);
        first.publish();

        DeviceRing second = make(new DeviceRingConfig(hand.addresses(), 8, hand.features)
                .withNextAvail(first.nextAvail()), hand.regions());
        assertThat(second.usedIndex()).isEqualTo(65532);
        assertThat(second.take(8)).isOne();
        assertThat(second.taken(0).head()).isEqualTo(2);
        second.complete(second.taken(0), 1);
        second.publish();
        assertThat(hand.usedIndex()).isEqualTo(65533);
        assertThat(hand.usedId(65532)).isEqualTo(2);
    }

    @Test
    void chains_in_flight_are_taken_again_by_their_heads_after_a_crash() {
        HandRing hand = new HandRing(8, 0);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW + i, 1, WRITE, 0);
        }
        MemorySegment memory =
                Arena.global().allocate(InflightRegion.bytes(8), 64);
        InflightRegion record = new InflightRegion(HandRing.ALL, memory.address(), 8);
        assertThat(record.isFresh()).isTrue();
        record.format(0);
        DeviceRing first = make(hand.config().withInflight(record), hand.regions());
        hand.offer(5, 4, 3, 2);
        first.take(8);
        first.complete(first.chains[4], 1);
        first.publish();

        InflightRegion found = new InflightRegion(HandRing.ALL, memory.address(), 8);
        int[] heads = new int[8];
        assertThat(found.isFresh()).isFalse();
        int count = found.recover(hand.usedIndex(), heads);
        assertThat(count).isEqualTo(3);
        DeviceRing second = make(new DeviceRingConfig(hand.addresses(), 8, hand.features)
                .withNextAvail(hand.usedIndex() + count & 0xffff).withNextTicket(found.nextTicket())
                .withInflight(found), hand.regions());
        assertThat(second.takeAgain(heads, count)).isEqualTo(3);
        assertThat(List.of(second.taken(0).head(), second.taken(1).head(), second.taken(2).head()))
                .containsExactly(5, 3, 2);
        assertThat(second.taken(0).ticket()).isEqualTo(4);
        assertThat(second.hasAvailable()).isFalse();
        for (int i = 0; i < 3; i++) {
            second.complete(second.taken(i), 1);
        }
        assertThat(second.publish()).isEqualTo(3);
        assertThat(new InflightRegion(HandRing.ALL, memory.address(), 8).recover(hand.usedIndex(), heads)).isZero();
    }

    @Test
    void chains_that_are_taken_again_keep_their_place_in_the_record() {
        HandRing hand = new HandRing(8, IN_ORDER);
        for (int i = 0; i < 8; i++) {
            hand.descriptor(i, LOW + i, 1, WRITE, 0);
        }
        MemorySegment memory = Arena.global().allocate(InflightRegion.bytes(8), 64);
        InflightRegion record = new InflightRegion(HandRing.ALL, memory.address(), 8);
        record.format(0);
        DeviceRing first = make(hand.config().withInflight(record), hand.regions());
        hand.offer(5, 4, 3);
        first.take(8);

        int[] heads = new int[8];
        InflightRegion found = new InflightRegion(HandRing.ALL, memory.address(), 8);
        assertThat(found.recover(0, heads)).isEqualTo(3);
        DeviceRing second = make(hand.config().withNextAvail(3).withNextTicket(found.nextTicket())
                .withInflight(found), hand.regions());
        assertThat(second.takeAgain(heads, 1)).isOne();

        // This one ends here too, before it has taken the others.
        assertThat(new InflightRegion(HandRing.ALL, memory.address(), 8).recover(0, heads)).isEqualTo(3);
        assertThat(List.of(heads[0], heads[1], heads[2])).containsExactly(5, 4, 3);
    }

    @Test
    void a_chain_that_is_put_back_is_taken_again_as_if_for_the_first_time() {
        HandRing hand = new HandRing(4, 0, 0xffff)
                .descriptor(0, LOW, 8, 0, 0)
                .descriptor(1, 0x10, 8, 0, 0)
                .descriptor(2, LOW + 8, 8, 0, 0)
                .offer(0, 1, 2);
        DeviceRing ring = make(hand);
        assertThat(ring.take(3)).isEqualTo(3);
        Chain second = ring.taken(1);
        Chain third = ring.taken(2);

        ring.putBack(third);
        ring.putBack(second);

        assertThat(ring.nextAvail()).isZero();
        assertThat(ring.outstanding()).isOne();
        assertThat(ring.inFlight()).extracting(Chain::head).containsExactly(0);
        assertThat(ring.complete(third, 0)).isFalse();
        assertThat(ring.take(8)).isEqualTo(2);
        assertThat(ring.taken(0)).isSameAs(second);
        assertThat(second.fault()).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(ring.taken(1).ticket()).isEqualTo(2);
    }

    @Test
    void touching_chains_changes_nothing_but_the_first_bytes_of_cache_lines_that_the_device_may_write() {
        HandRing hand = new HandRing(8, 0)
                .descriptor(0, LOW, 200, NEXT, 1)
                .descriptor(1, LOW + 512, 200, WRITE, 0)
                .descriptor(2, HIGH, 300, WRITE, 0)
                .descriptor(3, HIGH + 1024, 1, WRITE, 0)
                .descriptor(4, READ_ONLY, 8, WRITE, 0)
                .offer(0, 2, 3, 4);
        hand.low.fill((byte) 5);
        hand.high.fill((byte) 5);
        DeviceRing ring = make(hand);

        assertThat(ring.take(8)).isEqualTo(4);
        ring.touch(4);

        assertThat(changed(hand.low)).isEmpty();
        assertThat(changed(hand.high)).containsExactly(0L, 64L, 1024L);
    }

    @Test
    void touching_a_chain_without_buffers_leaves_those_of_its_last_use_alone() {
        HandRing hand = new HandRing(4, 0).descriptor(0, LOW, 64, WRITE, 0).offer(0);
        DeviceRing ring = make(hand);
        ring.take(1);
        ring.complete(ring.taken(0), 0);
        ring.publish();
        hand.descriptor(0, LOW, 0, WRITE, 0).offer(0);
        hand.low.fill((byte) 5);

        assertThat(ring.take(1)).isOne();
        ring.touch(1);

        assertThat(changed(hand.low)).isEmpty();
    }

    /** Returns where a segment that was filled with 5 has something else. */
    private static List<Long> changed(MemorySegment segment) {
        List<Long> changed = new ArrayList<>();
        for (long i = 0; i < segment.byteSize(); i++) {
            if (segment.get(ValueLayout.JAVA_BYTE, i) != 5) {
                changed.add(i);
            }
        }
        return changed;
    }

    @Test
    void only_the_chain_that_was_taken_last_can_be_put_back() {
        HandRing hand = new HandRing(4, 0)
                .descriptor(0, LOW, 8, 0, 0)
                .descriptor(1, LOW, 8, 0, 0)
                .offer(0, 1);
        DeviceRing ring = make(hand);
        assertThat(ring.take(2)).isEqualTo(2);
        Chain first = ring.taken(0);
        Chain second = ring.taken(1);

        assertThatThrownBy(() -> ring.putBack(first)).isInstanceOf(IllegalStateException.class);
        ring.complete(second, 0);
        assertThatThrownBy(() -> ring.putBack(second)).isInstanceOf(IllegalStateException.class);

        assertThat(ring.nextAvail()).isEqualTo(2);
        assertThat(ring.outstanding()).isEqualTo(2);
    }

    @Test
    void with_in_order_a_chain_that_is_put_back_holds_no_other_back_2_7_9() {
        HandRing hand = new HandRing(4, IN_ORDER)
                .descriptor(0, LOW, 8, 0, 0)
                .descriptor(1, LOW, 8, 0, 0)
                .offer(0, 1);
        DeviceRing ring = make(hand);
        ring.take(2);
        Chain first = ring.taken(0);
        ring.putBack(ring.taken(1));
        ring.complete(first, 0);

        assertThat(ring.publish()).isOne();
        assertThat(ring.take(2)).isOne();
        ring.complete(ring.taken(0), 0);
        assertThat(ring.publish()).isOne();
    }

    @Test
    void a_chain_that_is_put_back_is_not_in_flight_for_whoever_comes_after_a_crash() {
        HandRing hand = new HandRing(4, 0)
                .descriptor(0, LOW, 8, 0, 0)
                .descriptor(1, LOW, 8, 0, 0)
                .offer(0, 1);
        MemorySegment memory = Arena.global().allocate(InflightRegion.bytes(4), 64);
        InflightRegion record = new InflightRegion(HandRing.ALL, memory.address(), 4);
        record.format(0);
        DeviceRing ring = make(hand.config().withInflight(record), hand.regions());
        ring.take(2);
        ring.putBack(ring.taken(1));

        int[] heads = new int[4];
        assertThat(new InflightRegion(HandRing.ALL, memory.address(), 4).recover(0, heads)).isOne();
        assertThat(heads[0]).isZero();
    }

    @Test
    void a_head_that_is_not_of_this_queue_or_taken_already_cannot_be_taken_again() {
        HandRing hand = new HandRing(8, 0).descriptor(0, LOW, 1, WRITE, 0);
        assertThat(make(hand).takeAgain(new int[] {8}, 1)).isEqualTo(RingFault.HEAD_OUT_OF_RANGE);
        assertThat(make(hand).takeAgain(new int[] {-1}, 1)).isEqualTo(RingFault.HEAD_OUT_OF_RANGE);
        DeviceRing ring = make(hand);
        assertThat(ring.takeAgain(new int[] {0, 0}, 2)).isOne();
        assertThat(ring.take(1)).isEqualTo(RingFault.HEAD_TWICE);
    }

    private int chainFault(long address, long length, int flags) {
        DeviceRing ring = make(new HandRing(8, 0).descriptor(0, address, length, flags, 0).offer(0));
        assertThat(ring.take(8)).isOne();
        return ring.taken(0).fault();
    }

    private void assertBroken(HandRing hand, int fault) {
        DeviceRing ring = make(hand);
        assertThat(ring.take(8)).as(RingFault.describe(fault)).isEqualTo(fault);
        assertThat(ring.take(8)).isEqualTo(fault);
        assertThat(RingFault.breaksRing(fault)).isTrue();
        assertThat(ring.outstanding()).isZero();
        assertThat(hand.usedIndex()).isEqualTo(ring.usedIndex());
    }

    private List<Integer> takeAll(HandRing hand) {
        DeviceRing ring = make(hand);
        return List.of(ring.take(8), ring.take(8));
    }

    private static void useOnce(HandRing hand, DeviceRing ring) {
        hand.offer(0);
        assertThat(ring.take(1)).isOne();
        ring.complete(ring.taken(0), 0);
        assertThat(ring.publish()).isOne();
    }

    static List<Number> segments(Chain chain) {
        List<Number> flat = new ArrayList<>();
        for (int i = 0; i < chain.segments(); i++) {
            flat.add(chain.address(i));
            flat.add(chain.length(i));
        }
        return flat;
    }
}
