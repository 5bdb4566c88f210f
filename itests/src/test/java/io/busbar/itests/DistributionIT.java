package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.runtime.Feature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folder and the archive that are handed out. */
class DistributionIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void bundlesAreExactlyThoseOfTheFeatures() throws Exception {
        var inFeatures = Feature.readAll(Distribution.home().resolve("features")).stream()
                .flatMap(feature -> feature.bundles().stream())
                .map(Feature.BundleId::fileName)
                .toList();

        try (var packed = Files.list(Distribution.home().resolve("bundles"))) {
            assertThat(packed.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(inFeatures);
        }
    }

    @Test
    void theArchiveHoldsTheFolder() throws IOException {
        var home = unpack();

        assertThat(filesBelow(home)).isEqualTo(filesBelow(Distribution.home()));
        assertThat(home.resolve("bin/busbar")).isExecutable();
        assertThat(home.resolve("guest/linux.uml")).isExecutable();
    }

    @Test
    void theUnpackedArchiveRunsFromAnywhereWithoutMaven() throws IOException {
        var script = Files.createSymbolicLink(directory.resolve("busbar"), unpack().resolve("bin/busbar"));
        var environment = Map.of(
                "JAVA_HOME", System.getProperty("java.home"),
                "PATH", "/usr/bin:/bin",
                "BUSBAR_STATE_DIR", directory.resolve("state").toString());

        var start = Command.run(DEADLINE, environment, List.of(script.toString(), "start"));
        try {
            assertThat(start.exit()).as(start.err()).isZero();
            assertThat(start.out()).startsWith("ready");
        } finally {
            var stop = Command.run(DEADLINE, environment, List.of(script.toString(), "stop"));
            assertThat(stop.exit()).as(stop.err()).isZero();
        }
    }

    private Path unpack() {
        var archive = Distribution.home() + ".tar.gz";
        var tar = Command.run(DEADLINE, Map.of(), List.of("tar", "-xzf", archive, "-C", directory.toString()));
        assertThat(tar.exit()).as(tar.err()).isZero();
        return directory.resolve(Distribution.home().getFileName());
    }

    private static List<String> filesBelow(Path home) throws IOException {
        try (var files = Files.walk(home)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> home.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }
}
