package io.busbar.tools.cardos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordsTest {

    private static Words words(String... words) {
        return new Words(List.of(words), "do THIS");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "512,512", "4K,4096", "2M,2097152", "1G,1073741824"})
    void a_number_may_have_a_unit(String word, long value) {
        assertThat(words(word).number("length", 0, 1L << 40)).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource({"-1", "x", "1T", "101", "9", "99999999999999999999", "900000000000000000G"})
    void what_is_out_of_range_is_named(String word) {
        assertThatThrownBy(() -> words(word).number("length", 10, 100)).hasMessage("length \"" + word + "\": expected 10 to 100");
    }

    @Test
    void a_word_that_is_missing_or_too_many_is_told_with_the_usage() {
        assertThatThrownBy(() -> words().next()).hasMessage("a word is missing: expected do THIS");
        assertThatThrownBy(() -> words("a").end()).hasMessage("\"a\" is a word too many: expected do THIS");
    }

    @Test
    void the_rest_is_one_text() {
        Words words = words("a", "b", "c");
        words.next();
        assertThat(words.rest()).isEqualTo("b c");
        words.end();
    }
}
