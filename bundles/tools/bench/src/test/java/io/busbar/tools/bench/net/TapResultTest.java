package io.busbar.tools.bench.net;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TapResultTest {

    @Test
    void our_rate_is_held_against_that_of_the_peer_pair_by_pair() {
        TapResult good = new TapResult(new double[] {3e9, 1e9, 2e9}, new double[] {2e9, 1e9, 4e9});
        assertThat(good.ratio()).isEqualTo(1.0);
        assertThat(good.failure()).isEmpty();
        TapResult bad = new TapResult(new double[] {0.9e9}, new double[] {1e9});
        assertThat(bad.failure()).contains("guest to host: 0.900 of the rate of QEMU's own tap, expected at least 1.00");
    }

    @Test
    void a_line_has_both_rates_in_megabits() {
        TapResult result = new TapResult(new double[] {1e9, 3e9}, new double[] {2e9, 4e9});
        assertThat(result.line().strip().split("\\s+")).containsExactly("guest", "to", "host", "2000", "3000", "0.63", "0.50", "to", "0.75");
        assertThat(result.tree()).containsEntry("busbar_bits_per_second", 2e9).containsEntry("qemu_bits_per_second", 3e9);
    }
}
