package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices that are declared in files: the examples of the distribution, and what is wrong in one. */
class DeviceFilesIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void everyExampleMakesItsDevices() throws IOException {
        try (var examples = Files.list(Distribution.home().resolve("examples"))) {
            var files = examples.sorted().toList();
            assertThat(files).hasSizeGreaterThanOrEqualTo(4);
            for (var example : files) {
                makesItsDevices(example);
            }
        }
    }

    /** In a folder of its own, as its paths start from there; the start after it has none of them. */
    private void makesItsDevices(Path example) throws IOException {
        var folder = Files.createDirectory(directory.resolve(example.getFileName().toString().replace('.', '-')));
        var copy = Files.copy(example, folder.resolve("copy.devices"));
        var names = Files.readAllLines(copy).stream().filter(line -> line.startsWith("name ")).map(line -> line.split(" ")[1]).toList();
        assertThat(names).isNotEmpty();
        try (var busbar = BusbarProcess.in(folder).option("--devices", copy.toString()).start()) {
            var shown = busbar.ok("vdpa", "dev", "show");
            for (var name : names) {
                assertThat(shown).as("%s of %s", name, example).contains(name + ": type ");
                if (!name.startsWith("far")) {
                    Eventually.within(DEADLINE, () -> Files.exists(busbar.socket(name)), () -> busbar.ok("vdpa", "dev", "show"));
                }
            }
            assertThat(busbar.terminate()).isZero();
        }
        try (var busbar = BusbarProcess.in(folder).start()) {
            assertThat(busbar.ok("vdpa", "dev", "show")).isEmpty();
        }
    }

    @Test
    void aLineThatIsWrongStopsTheStartAndIsNamed() throws IOException {
        var file = Files.writeString(directory.resolve("wrong.devices"), "\nname disk0 mgmtdev sim_block backend memory size 0\n");
        var environment = Map.of(
                "JAVA_HOME", System.getProperty("java.home"), "BUSBAR_STATE_DIR", directory.resolve("state").toString());
        var start = Command.run(DEADLINE, environment, List.of(Distribution.script().toString(), "start", "--devices", file.toString()));
        assertThat(start.exit()).isEqualTo(1);
        assertThat(start.err()).contains(file + ":2: ").contains("size");
    }
}
