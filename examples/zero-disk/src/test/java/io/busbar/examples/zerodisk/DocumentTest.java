package io.busbar.examples.zerodisk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The document shows what is compiled and tested here, to the letter. */
class DocumentTest {

    private static List<String> blocks(String language) throws IOException {
        return Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(Path.of("../../docs/write-a-driver.md"))).results()
                .map(block -> block.group(1)).toList();
    }

    @ParameterizedTest
    @CsvSource({"0, ZeroDisks", "1, ZeroDisk", "2, ZeroModel"})
    void its_classes_are_those_that_are_compiled_here(int block, String type) throws Exception {
        assertThat(blocks("java").get(block))
                .isEqualTo(Files.readString(Path.of("src/main/java/io/busbar/examples/zerodisk/" + type + ".java")));
    }

    @Test
    void its_feature_is_the_one_that_is_here() throws Exception {
        assertThat(blocks("json").getFirst()).isEqualTo(Files.readString(Path.of("feature/zero-disk.json")));
    }
}
