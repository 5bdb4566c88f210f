package io.busbar.tools.cardos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineEditorTest {

    private final StringBuilder seen = new StringBuilder();
    private final LineEditor editor = new LineEditor(seen::append);

    private List<String> type(String text) {
        List<String> lines = new ArrayList<>();
        for (byte one : text.getBytes(StandardCharsets.ISO_8859_1)) {
            editor.type(one).ifPresent(lines::add);
        }
        return lines;
    }

    @Test
    void a_line_ends_with_a_return_a_line_feed_or_both() {
        assertThat(type("one\rtwo\nthree\r\nfour\n\n")).containsExactly("one", "two", "three", "four", "");
    }

    @Test
    void what_is_typed_is_seen() {
        type("ab\r");
        assertThat(seen).hasToString("ab\r\n");
    }

    @Test
    void backspace_takes_one_character_and_of_none_nothing() {
        assertThat(type("\bxab\u007f\b\bcd\r")).containsExactly("cd");
    }

    @Test
    void a_line_that_is_given_up_is_gone_and_rubbed_out() {
        assertThat(type("abc\u0003d\u0015ef\r")).containsExactly("ef");
        assertThat(seen.toString()).startsWith("abc" + "\b \b".repeat(3));
    }

    @Test
    void keys_that_are_no_characters_are_left_out() {
        assertThat(type("a\u001b[Ab\u001bOPc\u001b[15~d\t\r")).containsExactly("abcd");
    }

    @Test
    void what_is_begun_is_known_and_a_line_has_an_end() {
        type("x".repeat(2000));
        assertThat(editor.begun()).isEqualTo("x".repeat(1024));
    }
}
