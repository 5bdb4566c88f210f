package io.busbar.tools.bench.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.bench.UsageException;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetOptionsTest {

    @Test
    void without_words_all_is_measured_in_nine_pairs() throws UsageException {
        NetOptions options = NetOptions.parse(List.of());
        assertThat(options.pairs()).isEqualTo(9);
        assertThat(options.sizes()).containsExactly(FrameSize.SHORT, FrameSize.LONG);
        assertThat(options.tap()).isTrue();
        assertThat(options.kvm()).isFalse();
        assertThat(options.check()).isFalse();
        assertThat(options.json()).isFalse();
    }

    @Test
    void words_say_what_is_measured_and_how_long() throws UsageException {
        NetOptions options = NetOptions.parse(List.of("--check", "--json", "--only=64", "--pairs", "11", "--seconds", "0.5"));
        assertThat(options).isEqualTo(new NetOptions(true, true, 11, Set.of(FrameSize.SHORT), false, false, 5, 2, 0.5));
    }

    @Test
    void taps_can_be_measured_alone() throws UsageException {
        NetOptions options = NetOptions.parse(List.of("--only", "tap", "--kvm"));
        assertThat(options.sizes()).isEmpty();
        assertThat(options.tap()).isTrue();
        assertThat(options.kvm()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--only 65|--only 65: expected one of 64, 1500, tap",
        "--pairs 8|--pairs 8: expected a number, 9 to 1000",
        "--check --quick|--check compares with floors: it does not go with --quick",
        "--fast|unknown word \"--fast\""
    })
    void what_is_wrong_is_named(String words, String sentence) {
        assertThatThrownBy(() -> NetOptions.parse(List.of(words.split(" ")))).isInstanceOf(UsageException.class).hasMessage(sentence);
    }
}
