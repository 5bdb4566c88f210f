package io.busbar.runtime.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnswerTest {
    private static final String WILD = "a\"b\\c/\n\r\t\f\b\u0001\u2028 é 🦆 \\u0041";

    @Test
    void any_text_that_a_json_library_writes_is_read() throws IOException {
        var object = new JsonObject();
        object.addProperty("out", WILD);
        assertThat(Answer.parse(object.toString()).out()).isEqualTo(WILD);
        assertThat(Answer.parse(object.toString()).isLast()).isFalse();
    }

    @Test
    void any_text_that_is_written_a_json_library_reads() {
        var line = new JsonLine().number("v", 1).words("args", List.of(WILD, "")).text(WILD, WILD).toString();
        var object = JsonParser.parseString(line).getAsJsonObject();
        assertThat(object.getAsJsonArray("args").get(0).getAsString()).isEqualTo(WILD);
        assertThat(object.get(WILD).getAsString()).isEqualTo(WILD);
        assertThat(line).doesNotContain("\n");
    }

    @Test
    void fields_that_are_not_known_are_skipped() throws IOException {
        var answer = Answer.parse("{\"new\":\"x\",\"more\":[\"a\",\"b\"],\"count\":-3,\"candidates\":[\"dev\",\"help\"],\"exit\":0}");
        assertThat(answer.candidates()).containsExactly("dev", "help");
        assertThat(answer.exit()).isZero();
        assertThat(Answer.parse("{}").isLast()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "x", "{", "{\"out\":\"", "{\"out\":\"\\", "{\"out\":\"\\u00\"}", "{\"out\":\"\\x\"}", "{\"exit\":}", "{\"exit\":1}x",
        "{\"exit\":99999999999}", "{\"candidates\":[\"a\"}", "{\"out\":1}", "[]"})
    void what_is_no_answer_is_an_error_that_shows_it(String line) {
        assertThatThrownBy(() -> Answer.parse(line)).isInstanceOf(IOException.class).hasMessageEndingWith(": " + line);
    }
}
