package io.busbar.tools.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NetResultTest {

    @Test
    void the_ratio_is_the_median_of_pairs_and_is_held_against_its_floor() {
        NetResult good = new NetResult(FrameSize.SHORT, new double[] {1e6, 4e6, 2e6}, new double[] {2e6, 4e6, 4e6});
        assertThat(good.ratio()).isEqualTo(0.5);
        assertThat(good.failure()).isEmpty();
        NetResult bad = new NetResult(FrameSize.LONG, new double[] {0.6e6}, new double[] {1e6});
        assertThat(bad.failure()).contains("1500 bytes: 0.600 of DPDK's rate, expected at least 0.70");
    }

    @Test
    void a_line_has_frames_and_bytes_of_both() {
        NetResult result = new NetResult(FrameSize.SHORT, new double[] {1e6, 3e6}, new double[] {2e6, 4e6});
        assertThat(result.line().strip().split("\\s+")).containsExactly("64", "2.000", "128", "3.000", "192", "0.63", "0.50", "to", "0.75");
        assertThat(result.tree()).containsEntry("busbar_frames_per_second", 2e6).containsEntry("dpdk_bytes_per_second", 3e6 * 64);
    }
}
