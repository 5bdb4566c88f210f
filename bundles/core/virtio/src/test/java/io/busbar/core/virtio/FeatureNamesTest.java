package io.busbar.core.virtio;

import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_BLOCK;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_CONSOLE;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_NET;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FeatureNamesTest {

    @Test
    void ring_features_are_named_as_the_vdpa_tool_names_them_ascending() {
        long features = 1L << 33 | 1L << 28 | 1L << 29 | 1L << 32 | 1L << 35;
        assertThat(FeatureNames.names(VIRTIO_ID_BLOCK, features)).containsExactly(
                "RING_INDIRECT_DESC", "RING_EVENT_IDX", "VERSION_1", "ACCESS_PLATFORM", "IN_ORDER");
    }

    @Test
    void block_features_have_no_prefix() {
        assertThat(FeatureNames.names(VIRTIO_ID_BLOCK, 1L << 9 | 1L << 5 | 1L << 11))
                .containsExactly("RO", "FLUSH", "CONFIG_WCE");
    }

    @Test
    void console_features_have_no_prefix() {
        assertThat(FeatureNames.names(VIRTIO_ID_CONSOLE, 0b111)).containsExactly("SIZE", "MULTIPORT", "EMERG_WRITE");
    }

    @Test
    void a_bit_without_a_name_is_printed_by_number_up_to_63() {
        assertThat(FeatureNames.names(VIRTIO_ID_BLOCK, 1L << 40 | 1L << 63 | 1L << 3))
                .containsExactly("bit_3", "bit_40", "bit_63");
    }

    @Test
    void names_of_one_device_type_are_not_used_for_another() {
        assertThat(FeatureNames.name(VIRTIO_ID_NET, 9)).isEqualTo("GUEST_ECN");
        assertThat(FeatureNames.name(VIRTIO_ID_NET, 6)).isEqualTo("bit_6");
    }

    @Test
    void net_features_are_named_as_the_vdpa_tool_names_them() {
        assertThat(FeatureNames.names(VIRTIO_ID_NET, 0x308830028L)).containsExactly(
                "MTU", "MAC", "STATUS", "CTRL_VQ", "CTRL_MAC_ADDR", "ANY_LAYOUT", "VERSION_1", "ACCESS_PLATFORM");
    }
}
