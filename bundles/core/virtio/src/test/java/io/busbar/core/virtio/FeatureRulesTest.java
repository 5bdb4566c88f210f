package io.busbar.core.virtio;

import static io.busbar.core.virtio.VirtioIds.VIRTIO_ID_BLOCK;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

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
}
