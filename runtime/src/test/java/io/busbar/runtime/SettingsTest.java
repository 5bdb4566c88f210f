package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    private static final String VHOST_USER = "io.busbar.busdrivers.vhostuser";

    @TempDir
    private Path directory;

    private static Feature feature(String pid, Map<String, Object> properties) {
        return new Feature("some", List.of(), List.of(new PidProperties(pid, properties)));
    }

    private Options options(String... args) throws UsageException {
        return Options.parse(List.of(args), Map.of("BUSBAR_STATE_DIR", directory.toString()), directory.resolve("home"));
    }

    @Test
    void aLaterPlaceWinsPropertyByProperty() throws Exception {
        Files.createDirectories(directory.resolve("home/conf"));
        Files.writeString(directory.resolve("home/conf/a.json"), "{\"some.pid\": {\"b\": 2, \"c\": 2}}");
        Files.createDirectories(directory.resolve("one/conf"));
        Files.writeString(directory.resolve("one/conf/a.json"), "{\"some.pid\": {\"c\": 3}}");

        try (var instance = Instance.open(directory, "one")) {
            var settings = Settings.of(
                    options(), instance, List.of(feature("some.pid", Map.of("a", 1L, "b", 1L, "c", 1L))));

            assertThat(settings.byPid().get("some.pid")).isEqualTo(Map.of("a", 1L, "b", 2L, "c", 3L));
        }
    }

    @Test
    void socketsAreInTheStateOfTheInstanceUnlessConfigured() throws Exception {
        try (var instance = Instance.open(directory, "one")) {
            assertThat(Settings.of(options(), instance, List.of()).socketDir())
                    .isEqualTo(directory.resolve("one/sockets"));
            var configured = List.of(feature(VHOST_USER, Map.of("socketDir", "/run/elsewhere")));
            assertThat(Settings.of(options(), instance, configured).socketDir()).isEqualTo(Path.of("/run/elsewhere"));
            assertThat(Settings.of(options("--socket-dir", "/run/here"), instance, configured).socketDir())
                    .isEqualTo(Path.of("/run/here"));
        }
    }

    /** A card of the command line has what the settings say of one of that name. */
    @Test
    void cardsOfTheCommandLineAreThereAlsoForASuccessor() throws Exception {
        try (var instance = Instance.open(directory, "one")) {
            var asked = options("--card", "mic0", "--card=mic1");
            var configured = List.of(feature("io.busbar.drivers.x100~mic1", Map.of("timing", "model")));
            var settings = Settings.of(asked, instance, configured).byPid();

            assertThat(settings.get("io.busbar.drivers.x100~mic0")).isEqualTo(Map.of("name", "mic0"));
            assertThat(settings.get("io.busbar.drivers.x100~mic1")).isEqualTo(Map.of("name", "mic1", "timing", "model"));
            assertThat(asked.ofSuccessor()).containsSubsequence("--card", "mic0", "--card", "mic1");
        }
    }

    @Test
    void theInstancesOwnPathsAreHandedOver() throws Exception {
        try (var instance = Instance.open(directory, "one")) {
            var settings = Settings.of(options(), instance, List.of()).byPid();

            assertThat(settings.get("io.busbar.core.bus")).containsEntry("stateDir", directory.resolve("one").toString());
            assertThat(settings.get("io.busbar.tools.shell"))
                    .containsEntry("controlSocket", directory.resolve("one/control.sock").toString());
        }
    }
}
