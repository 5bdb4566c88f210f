package io.busbar.tools.bench.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class RingBenchTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return RingBench.run(List.of(args), new PrintStream(out, true), new PrintStream(err, true));
    }

    @Test
    void an_unknown_word_is_named_and_nothing_is_measured() {
        assertThat(run("--fast")).isEqualTo(2);
        assertThat(err.toString()).contains("\"--fast\"").contains("usage:");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void a_number_of_pairs_that_is_none_is_named() {
        assertThat(run("--pairs", "two")).isEqualTo(2);
        assertThat(err.toString()).contains("--pairs two");
        assertThat(run("--pairs")).isEqualTo(2);
        assertThat(run("--pairs", "2")).isEqualTo(2);
        assertThat(run("--pairs=1001")).isEqualTo(2);
        assertThat(err.toString()).contains("--pairs 1001: expected a number, 3 to 1000");
    }

    @Test
    void a_number_of_forks_that_is_none_is_named() {
        assertThat(run("--forks", "0")).isEqualTo(2);
        assertThat(err.toString()).contains("--forks 0").contains("1 to 1000");
    }

    @Test
    void help_is_printed_on_request() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("bench ring").contains("0.75");
    }
}
