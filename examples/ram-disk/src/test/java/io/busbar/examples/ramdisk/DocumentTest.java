package io.busbar.examples.ramdisk;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The document shows what is compiled and tested here, to the letter. */
class DocumentTest {

    private static final Path DOCUMENT = Path.of("../../docs/write-a-backend.md");
    private static final Path SOURCE = Path.of("src/main/java/io/busbar/examples/ramdisk/RamDisk.java");
    private static final Path TEST = Path.of("src/test/java/io/busbar/examples/ramdisk/RamDiskTest.java");
    private static final Path FEATURE = Path.of("feature/ram-disk.json");

    private static List<String> blocks(String language) throws IOException {
        return Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(DOCUMENT)).results()
                .map((MatchResult block) -> block.group(1)).toList();
    }

    @Test
    void its_backend_is_the_one_that_is_compiled_here_and_has_40_lines_at_the_most() throws Exception {
        assertThat(blocks("java").getFirst()).isEqualTo(Files.readString(SOURCE));
        assertThat(Files.readAllLines(SOURCE)).hasSizeLessThanOrEqualTo(40);
    }

    @Test
    void its_test_is_a_part_of_the_one_that_is_run_here() throws Exception {
        assertThat(Files.readString(TEST)).contains(blocks("java").get(1));
    }

    @Test
    void its_feature_is_the_one_that_is_here() throws Exception {
        assertThat(blocks("json").getFirst()).isEqualTo(Files.readString(FEATURE));
    }
}
