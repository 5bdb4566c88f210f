package io.busbar.drivers.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.busbar.api.backend.BackendException;
import java.util.Map;
import java.util.OptionalLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BackendSettingsTest {

    private static BackendSettings settings(Map<String, String> words) {
        return new BackendSettings("file", "path FILE [size SIZE]", words, Map.of("mtu", "9000"));
    }

    private static void invalid(String sentence, ThrowingCallable get) {
        BackendException refusal = catchThrowableOfType(BackendException.class, get);
        assertThat(refusal.kind()).isEqualTo(BackendException.Kind.CONFIG_INVALID);
        assertThat(refusal).hasMessageContaining(sentence);
    }

    @ParameterizedTest
    @CsvSource({
        "1,1", "4096,4096", "512K,524288", "64M,67108864", "1G,1073741824", "2T,2199023255552",
        "8388607T,9223370937343148032", "9223372036854775807,9223372036854775807"
    })
    void a_size_is_digits_and_a_suffix_of_powers_of_1024(String text, long bytes) throws BackendException {
        assertThat(settings(Map.of("size", text)).size("size")).isEqualTo(OptionalLong.of(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "0", "0K", "-1", "+1", "1.5G", "1 G", "1KB", "G", "0x10", "12g", "8388608T", "9223372036854775808",
        "99999999999999999999"
    })
    void what_is_no_size_is_quoted(String text) {
        invalid("size " + text + ": expected a size above 0", () -> settings(Map.of("size", text)).size("size"));
    }

    @Test
    void a_word_that_was_not_given_is_empty_and_has_its_default() throws BackendException {
        BackendSettings empty = settings(Map.of());
        assertThat(empty.size("size")).isEmpty();
        assertThat(empty.text("path")).isEmpty();
        assertThat(empty.flag("direct", true)).isTrue();
        assertThat(empty.flag("direct", false)).isFalse();
        assertThat(empty.choice("mode", "a", "b")).isEqualTo("a");
    }

    @Test
    void a_required_word_that_is_missing_is_named_with_what_is_expected() {
        invalid("path is missing: backend file needs it, expected path FILE [size SIZE]",
                () -> settings(Map.of()).required("path"));
    }

    @Test
    void a_flag_is_on_or_off() throws BackendException {
        assertThat(settings(Map.of("direct", "on")).flag("direct", false)).isTrue();
        assertThat(settings(Map.of("direct", "off")).flag("direct", true)).isFalse();
        invalid("direct yes: expected on or off", () -> settings(Map.of("direct", "yes")).flag("direct", false));
    }

    @Test
    void a_choice_is_one_of_its_words() throws BackendException {
        assertThat(settings(Map.of("mode", "b")).choice("mode", "a", "b")).isEqualTo("b");
        invalid("mode c: expected one of a, b", () -> settings(Map.of("mode", "c")).choice("mode", "a", "b"));
    }

    @Test
    void words_that_nobody_asked_for_are_known_afterwards() throws BackendException {
        BackendSettings settings = settings(Map.of("path", "/x", "sise", "1G"));
        settings.required("path");
        settings.size("size");
        assertThat(settings.unasked()).containsExactly("sise");
        assertThat(settings.asked()).containsExactlyInAnyOrder("path", "size");
    }

    @Test
    void the_devices_words_can_be_looked_at_and_are_not_the_backends() throws BackendException {
        BackendSettings settings = settings(Map.of("path", "/x"));
        settings.required("path");
        assertThat(settings.text("mtu")).contains("9000");
        assertThat(settings.asked()).containsExactly("path");
        assertThat(settings.unasked()).isEmpty();
    }
}
