package io.busbar.tools.shell;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonTextTest {

    @Test
    void any_string_survives() {
        String wild = "a\"b\\c\n\r\t\f\b\u0001\u007f é 🦆";
        String text = new JsonText(true).open().property(wild, wild).words("w", List.of(wild, "b")).close().finish();
        assertThat(JsonParser.parseString(text).getAsJsonObject().get(wild).getAsString()).isEqualTo(wild);
        assertThat(JsonParser.parseString(text).getAsJsonObject().getAsJsonArray("w").get(0).getAsString())
                .isEqualTo(wild);
    }

    @Test
    void arrays_of_objects_are_indented_like_objects() {
        String text = new JsonText(true).open().openArray("a").open().property("n", 1).close().open().close().closeArray()
                .property("b", true).close().finish();
        assertThat(text).isEqualTo("""
                {
                    "a": [
                        {
                            "n": 1
                        },
                        {}
                    ],
                    "b": true
                }
                """);
        assertThat(new JsonText(false).open().openArray("a").open().close().closeArray().close().finish())
                .isEqualTo("{\"a\":[{}]}\n");
    }
}
