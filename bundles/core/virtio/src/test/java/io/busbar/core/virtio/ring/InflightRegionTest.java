package io.busbar.core.virtio.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The record of chains in flight, of the vhost-user protocol's "Inflight I/O tracking", split queue. */
class InflightRegionTest {

    private static final int SIZE = 8;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment memory = Arena.global().allocate(InflightRegion.bytes(SIZE), 64);
    private final int[] heads = new int[SIZE];

    private InflightRegion region() {
        return new InflightRegion(HandRing.ALL, memory.address(), SIZE);
    }

    private void header(int version, int descNum, int lastBatchHead, int usedIdx) {
        memory.set(U16, 8, (short) version);
        memory.set(U16, 10, (short) descNum);
        memory.set(U16, 12, (short) lastBatchHead);
        memory.set(U16, 14, (short) usedIdx);
    }

    private void state(int head, int inflight, int next, long counter) {
        memory.set(ValueLayout.JAVA_BYTE, 16 + 16L * head, (byte) inflight);
        memory.set(U16, 16 + 16L * head + 6, (short) next);
        memory.set(U64, 16 + 16L * head + 8, counter);
    }

    @Test
    void sizes_are_those_that_front_ends_have_seen() {
        assertThat(InflightRegion.bytes(128)).isEqualTo(2112);
        assertThat(InflightRegion.bytes(256)).isEqualTo(4160);
    }

    @Test
    void zeroed_memory_is_fresh_until_it_is_formatted() {
        assertThat(region().isFresh()).isTrue();
        region().format(17);
        assertThat(region().isFresh()).isFalse();
        assertThat(memory.get(U16, 8)).isEqualTo((short) 1);
        assertThat(memory.get(U16, 10)).isEqualTo((short) SIZE);
        assertThat(memory.get(U16, 14)).isEqualTo((short) 17);
        assertThat(region().recover(17, heads)).isZero();
    }

    @Test
    void what_is_in_flight_is_recovered_in_the_order_of_its_counters() {
        header(1, SIZE, 0, 5);
        state(2, 1, 0, 30);
        state(6, 1, 0, 10);
        state(1, 0, 0, 40);
        state(7, 1, 0, 20);
        InflightRegion region = region();
        assertThat(region.recover(5, heads)).isEqualTo(3);
        assertThat(Arrays.copyOf(heads, 3)).containsExactly(6, 7, 2);
        assertThat(region.nextTicket()).isEqualTo(31);
    }

    @Test
    void what_was_published_but_still_stands_as_in_flight_is_cleared_first() {
        header(1, SIZE, 3, 65535);
        state(3, 1, 5, 30);
        state(5, 1, 6, 20);
        state(6, 1, 0, 10);
        assertThat(region().recover(1, heads)).isOne();
        assertThat(heads[0]).isEqualTo(6);
        assertThat(memory.get(U16, 14)).isEqualTo((short) 1);
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 16 + 16 * 3)).isZero();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 16 + 16 * 6)).isEqualTo((byte) 1);
    }

    @Test
    void a_crash_between_linking_a_batch_and_publishing_it_leaves_the_batch_in_flight() {
        InflightRegion region = region();
        region.format(0);
        region.taken(4, 0);
        region.taken(5, 1);
        region.staged(4);
        region.staged(5);
        assertThat(region().recover(0, heads)).isEqualTo(2);
        assertThat(region().recover(1, heads)).isOne();
        assertThat(heads[0]).isEqualTo(4);
    }

    @Test
    void a_full_queue_is_recovered() {
        header(1, SIZE, 0, 0);
        for (int i = 0; i < SIZE; i++) {
            state(i, 1, 0, 100 - i);
        }
        assertThat(region().recover(0, heads)).isEqualTo(SIZE);
        assertThat(heads).containsExactly(7, 6, 5, 4, 3, 2, 1, 0);
    }

    @Test
    void a_record_of_another_version_or_size_is_inconsistent() {
        header(2, SIZE, 0, 0);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        header(1, 2 * SIZE, 0, 0);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
    }

    @Test
    void a_batch_that_leaves_the_queue_or_turns_in_a_circle_is_inconsistent() {
        header(1, SIZE, SIZE, 0);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        header(1, SIZE, 2, 0);
        state(2, 1, 0xffff, 1);
        assertThat(region().recover(2, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        state(2, 1, 2, 1);
        assertThat(region().recover(2, heads)).isEqualTo(InflightRegion.INCONSISTENT);
    }

    @Test
    void a_used_index_further_away_than_the_queue_is_long_is_inconsistent() {
        header(1, SIZE, 0, 0);
        for (int i = 0; i < SIZE; i++) {
            state(i, 1, i + 1, i);
        }
        assertThat(region().recover(SIZE, heads)).isZero();
        header(1, SIZE, 0, 0);
        assertThat(region().recover(SIZE + 1, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        assertThat(region().recover(0xffff, heads)).isEqualTo(InflightRegion.INCONSISTENT);
    }

    @Test
    void equal_huge_or_negative_counters_and_other_flags_are_inconsistent() {
        header(1, SIZE, 0, 0);
        state(1, 1, 0, 9);
        state(2, 1, 0, 9);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        state(2, 1, 0, 1L << 48);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        state(2, 1, 0, -1);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        state(2, 2, 0, 10);
        assertThat(region().recover(0, heads)).isEqualTo(InflightRegion.INCONSISTENT);
        state(2, 1, 0, 10);
        assertThat(region().recover(0, heads)).isEqualTo(2);
    }

    @Test
    void random_content_is_recovered_within_bounds_or_refused() {
        Random random = new Random(3);
        byte[] bytes = new byte[(int) memory.byteSize()];
        int recovered = 0;
        for (int round = 0; round < 20_000; round++) {
            random.nextBytes(bytes);
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
            header(1, SIZE, random.nextInt(SIZE + 1), random.nextInt(4));
            for (int i = 0; i < SIZE; i++) {
                state(i, random.nextInt(2), random.nextInt(SIZE + 1), random.nextInt(40));
            }
            int count = region().recover(random.nextInt(6), heads);
            assertThat(count).isBetween(InflightRegion.INCONSISTENT, SIZE);
            for (int i = 0; i < count; i++) {
                assertThat(heads[i]).isBetween(0, SIZE - 1);
            }
            recovered += count > 0 ? 1 : 0;
        }
        assertThat(recovered).isGreaterThan(100);
    }

    @Test
    void a_record_at_an_odd_place_is_refused() {
        assertThatThrownBy(() -> new InflightRegion(HandRing.ALL, 0x1001, 8)).hasMessageContaining("0x1001");
        assertThatThrownBy(() -> new InflightRegion(HandRing.ALL, 0x1000, 9)).hasMessageContaining("9");
    }
}
