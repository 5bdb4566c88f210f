package io.busbar.backends.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No read of a mapped file ends well before its data is there, and no fault ends the JVM: in JVMs of their own, with both
 * compilers, the first one alone, and none.
 */
class MappedFaultsTest {

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1", "-Xint"})
    void nothing_passes_the_barrier_before_a_fault_has_shown(String flag) throws Exception {
        assertThat(run(flag, CopyAndPublish.class, "4")).isEqualTo("faults 2000 lies 0, exit 0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1", "-Xint"})
    void reads_of_a_file_that_is_cut_short_meanwhile_fail_and_never_end_well_with_garbage(String flag) throws Exception {
        assertThat(run(flag, ReadWhileTheFileIsCut.class, "5", "20000"))
                .isEqualTo("rounds 5 failed 1000 garbage 0 late 0, exit 0");
    }

    /** Returns the last line and the exit status. */
    private String run(String flag, Class<?> main, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", flag, "-cp", ClassPath.ofTests(), main.getName()));
        command.addAll(Arrays.asList(arguments));
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(command).directory(directory.toFile())
                .redirectErrorStream(true).redirectOutput(log.toFile()).start();
        try {
            assertThat(process.waitFor(300, TimeUnit.SECONDS)).as("ended").isTrue();
            List<String> lines = Files.readAllLines(log);
            return (lines.isEmpty() ? "" : lines.getLast()) + ", exit " + process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }
}
