package io.busbar.core.virtio;

import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_BLOCK;
import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_NET;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FeatureRulesTest {

    private static final long VERSION_1 = 1L << 32;
    private static final long FLUSH = 1L << 9;
    private static final long CONFIG_WCE = 1L << 11;

    @Test
    void a_subset_of_the_offer_with_version_1_is_accepted_2_2_2() {
        assertThat(FeatureRules.refusal(VIRTIO_ID_BLOCK, VERSION_1 | FLUSH | CONFIG_WCE, VERSION_1 | FLUSH)).isEmpty();
    }

    @Test
    void a_feature_that_was_not_offered_is_refused_by_name_2_2_1() {
        assertThat(FeatureRules.refusal(VIRTIO_ID_BLOCK, VERSION_1, VERSION_1 | FLUSH))
                .hasValueSatisfying(reason -> assertThat(reason).contains("FLUSH"));
    }

    @Test
    void a_driver_without_version_1_is_refused_6_1() {
        assertThat(FeatureRules.refusal(VIRTIO_ID_BLOCK, VERSION_1 | FLUSH, FLUSH))
                .hasValueSatisfying(reason -> assertThat(reason).contains("VERSION_1"));
    }

    @Test
    void config_wce_without_flush_is_refused_5_2_5() {
        assertThat(FeatureRules.refusal(VIRTIO_ID_BLOCK, VERSION_1 | FLUSH | CONFIG_WCE, VERSION_1 | CONFIG_WCE))
                .contains("CONFIG_WCE needs FLUSH");
    }

    @Test
    void what_needs_a_feature_goes_with_it_5_1_3_1() {
        long guestTso4 = 1L << 7;
        long guestEcn = 1L << 9;
        long all = VERSION_1 | 1L << 1 | guestTso4 | guestEcn | 1L << 17 | 1L << 18 | 1L << 22;

        assertThat(FeatureRules.without(VIRTIO_ID_NET, all, 1L << 17)).isEqualTo(VERSION_1 | 1L << 1 | guestTso4 | guestEcn);
        assertThat(FeatureRules.without(VIRTIO_ID_NET, all, 1L << 1)).isEqualTo(VERSION_1 | 1L << 17 | 1L << 18 | 1L << 22);
        assertThat(FeatureRules.without(VIRTIO_ID_BLOCK, VERSION_1 | FLUSH | CONFIG_WCE, FLUSH)).isEqualTo(VERSION_1);
    }

    @ParameterizedTest
    @CsvSource({
        "7, GUEST_TSO4 needs GUEST_CSUM",
        "8, GUEST_TSO6 needs GUEST_CSUM",
        "9, GUEST_ECN needs GUEST_TSO4 or GUEST_TSO6",
        "10, GUEST_UFO needs GUEST_CSUM",
        "11, HOST_TSO4 needs CSUM",
        "12, HOST_TSO6 needs CSUM",
        "13, HOST_ECN needs HOST_TSO4 or HOST_TSO6",
        "14, HOST_UFO needs CSUM",
        "2, CTRL_GUEST_OFFLOADS needs CTRL_VQ",
        "18, CTRL_RX needs CTRL_VQ",
        "19, CTRL_VLAN needs CTRL_VQ",
        "20, CTRL_RX_EXTRA needs CTRL_VQ",
        "21, GUEST_ANNOUNCE needs CTRL_VQ",
        "22, MQ needs CTRL_VQ",
        "23, CTRL_MAC_ADDR needs CTRL_VQ"
    })
    void a_net_feature_without_what_it_needs_is_refused_5_1_3_1(int feature, String sentence) {
        long accepted = VERSION_1 | 1L << feature;
        assertThat(FeatureRules.refusal(VIRTIO_ID_NET, -1, accepted)).contains(sentence);
    }

    @Test
    void net_features_with_all_that_they_need_are_accepted_5_1_3_1() {
        long all = VERSION_1 | 1 | 1L << 1 | 1L << 7 | 1L << 9 | 1L << 11 | 1L << 13 | 1L << 17 | 1L << 18 | 1L << 22;
        assertThat(FeatureRules.refusal(VIRTIO_ID_NET, -1, all)).isEmpty();
    }
}
