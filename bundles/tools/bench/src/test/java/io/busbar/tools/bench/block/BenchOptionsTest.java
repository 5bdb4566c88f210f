package io.busbar.tools.bench.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.bench.UsageException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BenchOptionsTest {

    @Test
    void seven_pairs_of_a_second_are_the_default() throws UsageException {
        BenchOptions options = BenchOptions.parse(List.of());

        assertThat(options.pairs()).isEqualTo(7);
        assertThat(options.run().measureNanos()).isEqualTo(TimeUnit.SECONDS.toNanos(1));
        assertThat(options.directory()).isEqualTo(Path.of("/var/tmp"));
    }

    @Test
    void options_are_taken() throws UsageException {
        BenchOptions options = BenchOptions.parse(List.of("--check", "--json", "--pairs", "9", "--seconds", "0.5"));

        assertThat(options.check()).isTrue();
        assertThat(options.json()).isTrue();
        assertThat(options.pairs()).isEqualTo(9);
        assertThat(options.run().measureNanos()).isEqualTo(TimeUnit.MILLISECONDS.toNanos(500));
    }

    @Test
    void a_value_may_stand_behind_an_equals_sign() throws UsageException {
        BenchOptions options = BenchOptions.parse(
                List.of("--pairs=9", "--dir=/a=b", "--only=randread-4k-qd1", "--check"));

        assertThat(options.pairs()).isEqualTo(9);
        assertThat(options.directory()).isEqualTo(Path.of("/a=b"));
        assertThat(options.workloads()).containsExactly(Workload.RANDOM_READ_1);
        assertThat(options.check()).isTrue();
    }

    @Test
    void all_workloads_run_unless_some_are_named() throws UsageException {
        assertThat(BenchOptions.parse(List.of()).workloads()).containsExactly(Workload.values());
        assertThat(BenchOptions.parse(List.of("--only", "randread-4k-qd1")).workloads())
                .containsExactly(Workload.RANDOM_READ_1);
    }

    @ParameterizedTest
    @CsvSource({
        "--pairs 6, '--pairs 6: expected a number, 7 to 1000'",
        "--pairs 7.5, whole number",
        "--pairs x, '--pairs x'",
        "--pairs, --pairs needs a value",
        "--seconds 0, '0.1 to 3600'",
        "--dir, --dir needs a value",
        "--check --quick, --quick",
        "--check --socket /s, --socket",
        "--destructive, --socket",
        "--only x, '--only x: expected one of randread-4k-qd1, '",
        "--nonsense, --nonsense",
        "--nonsense=1, --nonsense",
        "--dir=, --dir is empty",
        "--check=yes, '--check takes no value, and has \"yes\"'",
        "--check= --json, --check takes no value",
    })
    void wrong_words_are_named(String words, String message) {
        assertThatThrownBy(() -> BenchOptions.parse(List.of(words.split(" "))))
                .isInstanceOf(UsageException.class).hasMessageContaining(message);
    }
}
