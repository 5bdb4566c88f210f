package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.ring.HandRing.EVENT_IDX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class ConfigTest {

    @Test
    void parts_have_the_sizes_of_2_7() {
        assertThat(SplitLayout.descriptorTableBytes(256)).isEqualTo(4096);
        assertThat(SplitLayout.driverAreaBytes(256, 0)).isEqualTo(516);
        assertThat(SplitLayout.driverAreaBytes(256, EVENT_IDX)).isEqualTo(518);
        assertThat(SplitLayout.deviceAreaBytes(256, 0)).isEqualTo(2052);
        assertThat(SplitLayout.deviceAreaBytes(256, EVENT_IDX)).isEqualTo(2054);
    }

    @Test
    void a_queue_size_is_a_power_of_two_up_to_32768_2_7() {
        RingAddresses addresses = new HandRing(8, 0).addresses();
        for (int size : new int[] {0, -8, 3, 300, 65536, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> new DeviceRingConfig(addresses, size, 0))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("queue size " + size);
        }
        assertThat(new DeviceRingConfig(addresses, 32768, 0).size()).isEqualTo(32768);
    }

    @Test
    void misaligned_parts_are_refused_2_7() {
        assertThatThrownBy(() -> new RingAddresses(HandRing.ALL, 0x1008, 0x2000, 0x3000)).hasMessageContaining("0x1008");
        assertThatThrownBy(() -> new RingAddresses(HandRing.ALL, 0x1000, 0x2001, 0x3000)).hasMessageContaining("0x2001");
        assertThatThrownBy(() -> new RingAddresses(HandRing.ALL, 0x1000, 0x2000, 0x3002)).hasMessageContaining("0x3002");
        assertThatThrownBy(() -> new RingAddresses(HandRing.ALL, 0, 0x2000, 0x3000)).hasMessageContaining("table");
        assertThatThrownBy(() -> new RingAddresses(Arena.ofAuto().allocate(8), 0x1000, 0x2000, 0x3000))
                .hasMessageContaining("address 0");
    }

    @Test
    void a_state_out_of_range_is_refused() {
        DeviceRingConfig config = new HandRing(8, 0).config();
        assertThatThrownBy(() -> config.withNextAvail(65536)).hasMessageContaining("65536");
        assertThatThrownBy(() -> config.withNextAvail(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> config.withNextTicket(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> config.withChainLimit(7)).hasMessageContaining("7");
        assertThatThrownBy(() -> config.withInflight(new InflightRegion(HandRing.ALL, 64, 16)))
                .hasMessageContaining("16");
    }

    @Test
    void the_packed_format_is_refused_by_name() {
        HandRing hand = new HandRing(8, 1L << 34);
        assertThatThrownBy(() -> Rings.device(hand.config(), hand.regions())).hasMessageContaining("RING_PACKED");
    }

    @Test
    void every_fault_has_a_sentence() {
        for (int code = -10; code >= -21; code--) {
            assertThat(RingFault.describe(code)).doesNotContain("unknown");
        }
        assertThat(RingFault.describe(-1000)).contains("-1000");
        assertThat(RingFault.breaksRing(RingFault.BUFFER_WRAPS)).isFalse();
        assertThat(RingFault.breaksRing(RingFault.NONE)).isFalse();
    }
}
