package io.busbar.tools.bench.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.bench.UsageException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsoleOptionsTest {

    @Test
    void seven_pairs_of_sixteen_mib_are_the_default() throws UsageException {
        assertThat(ConsoleOptions.parse(List.of())).isEqualTo(new ConsoleOptions(false, false, 7, 16));
        assertThat(ConsoleOptions.parse(List.of("--check", "--json", "--pairs=8", "--mib", "2")))
                .isEqualTo(new ConsoleOptions(true, true, 8, 2));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--mib 0|--mib 0: expected a number, 1 to 1024",
        "--pairs 6|--pairs 6: expected a number, 7 to 1000",
        "--check --quick|--check compares with floors: it does not go with --quick",
        "hvc0|unknown word \"hvc0\""
    })
    void what_is_wrong_is_named(String words, String sentence) {
        assertThatThrownBy(() -> ConsoleOptions.parse(List.of(words.split(" ")))).isInstanceOf(UsageException.class).hasMessage(sentence);
    }
}
