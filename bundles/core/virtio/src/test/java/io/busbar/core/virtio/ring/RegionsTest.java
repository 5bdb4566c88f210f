package io.busbar.core.virtio.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.core.virtio.ring.Regions.Region;
import java.util.List;
import org.junit.jupiter.api.Test;

class RegionsTest {

    @Test
    void a_range_is_translated_with_unsigned_addresses() {
        Regions regions = Regions.of(List.of(
                new Region(0xffff_8000_0000_0000L, 0x1000, 0x10_0000, true),
                new Region(0x1000, 0x1000, 0x20_0000, false)));
        assertThat(regions.translate(0xffff_8000_0000_0010L, 0xff0, true)).isEqualTo(0x10_0010);
        assertThat(regions.translate(0x1fff, 1, false)).isEqualTo(0x20_0fff);
        assertThat(regions.translate(0x1fff, 1, true)).isEqualTo(RingFault.BUFFER_NOT_WRITABLE);
        assertThat(regions.translate(0x1fff, 2, false)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(regions.translate(0xfff, 1, false)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(regions.translate(-1, 2, false)).isEqualTo(RingFault.BUFFER_WRAPS);
    }

    @Test
    void a_region_may_end_at_the_end_of_the_address_space() {
        Regions regions = Regions.of(List.of(new Region(-0x1000, 0x1000, 0x10_0000, true)));
        assertThat(regions.translate(-1, 1, true)).isEqualTo(0x10_0fff);
        assertThatThrownBy(() -> new Region(-0x1000, 0x1001, 0x10_0000, true))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void neighbours_for_the_driver_and_in_this_process_become_one() {
        Regions regions = Regions.of(List.of(
                new Region(0x2000, 0x1000, 0x11_0000, true), new Region(0x1000, 0x1000, 0x10_f000, true),
                new Region(0x3000, 0x1000, 0x11_1000, false), new Region(0x4000, 0x1000, 0x50_0000, false)));
        assertThat(regions.count()).isEqualTo(3);
        assertThat(regions.translate(0x1ff8, 16, true)).isEqualTo(0x10_fff8);
        assertThat(regions.translate(0x2ff8, 16, false)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
        assertThat(regions.translate(0x3ff8, 16, false)).isEqualTo(RingFault.BUFFER_OUTSIDE_MEMORY);
    }

    @Test
    void regions_that_overlap_are_refused_by_their_addresses() {
        assertThatThrownBy(() -> Regions.of(List.of(
                new Region(0x1000, 0x1001, 0x10_0000, true), new Region(0x2000, 0x1000, 0x20_0000, true))))
                .hasMessageContaining("0x1000").hasMessageContaining("0x2000");
    }

    @Test
    void regions_outside_user_space_are_refused() {
        assertThatThrownBy(() -> new Region(0, 16, Regions.HOST_END - 15, true)).hasMessageContaining("16 bytes");
        assertThatThrownBy(() -> new Region(0, -1, 0x1000, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Region(0, 0, 0x1000, true)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Region(0, 1, 0, true)).isInstanceOf(IllegalArgumentException.class);
    }
}
