package io.busbar.backends.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No read of a mapped file ends well before its data is there, and no fault ends the JVM: in one of its own. */
class MappedFaultsTest {

    @TempDir
    Path directory;

    @Test
    void compiled_reads_of_a_file_that_is_cut_short_fail_and_never_end_well_with_garbage() throws Exception {
        assertThat(run(List.of(), "20")).contains("rounds 20 failed ").endsWith("exit 0");
    }

    @Test
    void reads_compiled_by_the_first_compiler_alone_do_so_too() throws Exception {
        assertThat(run(List.of("-XX:TieredStopAtLevel=1"), "10")).contains("rounds 10 failed ").endsWith("exit 0");
    }

    @Test
    void interpreted_reads_do_so_too() throws Exception {
        assertThat(run(List.of("-Xint"), "3", "100")).contains("rounds 3 failed ").endsWith("exit 0");
    }

    private String run(List<String> flags, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED"));
        command.addAll(flags);
        command.addAll(List.of("-cp", ClassPath.ofTests(), ReadWhileTheFileIsCut.class.getName()));
        command.addAll(List.of(arguments));
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(command).directory(directory.toFile())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended").isTrue();
            return Files.readString(log) + "exit " + process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }
}
