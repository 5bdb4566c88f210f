package io.busbar.tools.shell.commands;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VisibleBytesTest {

    private static String shown(byte[] bytes) {
        return new String(new VisibleBytes().show(bytes, bytes.length), StandardCharsets.UTF_8);
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', ignoreLeadingAndTrailingWhitespace = false, value = {
        "plain text|plain text",
        "\u001b[2J|^[[2J",
        "\u001b]0;title\u0007|^[]0;title^G",
        "\u0000\u007f\u001d|^@^?^]",
        "\u009b2J|\\xc2\\x9b2J",
        "Grüße 🦆|Grüße 🦆",
        "a\u202eb|a\\xe2\\x80\\xaeb"})
    void what_could_do_something_to_a_terminal_is_written_out_and_text_stays(String text, String expected) {
        assertThat(shown(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(expected);
    }

    @Test
    void line_ends_tabs_and_backspaces_stay() {
        assertThat(shown(latin("a\r\n\tb\bc"))).isEqualTo("a\r\n\tb\bc");
    }

    @ParameterizedTest
    @CsvSource({"\u0080,\\x80", "\u00ff,\\xff", "\u00c3(,\\xc3(", "\u00e2\u0082(,\\xe2\\x82(", "\u00c0\u00af,\\xc0\\xaf",
        "\u00ed\u00a0\u0080,\\xed\\xa0\\x80", "\u00e2\u001b[,\\xe2^[["})
    void what_is_no_utf_8_is_written_out_byte_by_byte(String bytes, String expected) {
        assertThat(shown(latin(bytes))).isEqualTo(expected);
    }

    @Test
    void a_character_may_come_in_pieces() {
        VisibleBytes visible = new VisibleBytes();
        byte[] duck = "🦆".getBytes(StandardCharsets.UTF_8);
        StringBuilder shown = new StringBuilder();
        for (byte piece : duck) {
            shown.append(new String(visible.show(new byte[] {piece}, 1), StandardCharsets.UTF_8));
        }
        assertThat(shown).hasToString("🦆");
    }

    @Test
    void of_random_bytes_no_control_character_is_left_but_the_harmless() {
        byte[] bytes = new byte[100_000];
        new Random(1).nextBytes(bytes);
        assertThat(shown(bytes).codePoints().filter(Character::isISOControl).boxed().distinct())
                .containsOnly((int) '\n', (int) '\r', (int) '\t', (int) '\b');
    }
}
