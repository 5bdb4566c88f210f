package io.busbar.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    private static final Path HOME = Path.of("/opt/busbar");

    private static Options parse(Map<String, String> env, String... args) throws UsageException {
        return Options.parse(List.of(args), env, HOME);
    }

    @Test
    void stateIsInTheDirectoryThatTheEnvironmentNames() throws UsageException {
        assertThat(parse(Map.of("BUSBAR_STATE_DIR", "/s", "XDG_STATE_HOME", "/x", "HOME", "/h")).stateRoot())
                .isEqualTo(Path.of("/s"));
        assertThat(parse(Map.of("XDG_STATE_HOME", "/x", "HOME", "/h")).stateRoot()).isEqualTo(Path.of("/x/busbar"));
        assertThat(parse(Map.of("HOME", "/h")).stateRoot()).isEqualTo(Path.of("/h/.local/state/busbar"));
    }

    @Test
    void aVariableThatIsEmptyCountsAsNotSet() throws UsageException {
        assertThat(parse(Map.of("BUSBAR_STATE_DIR", "", "HOME", "/h", "BUSBAR_INSTANCE", "")))
                .satisfies(options -> assertThat(options.stateRoot()).isEqualTo(Path.of("/h/.local/state/busbar")))
                .satisfies(options -> assertThat(options.instance()).isEqualTo("default"));
    }

    @Test
    void theCommandLineWinsOverTheEnvironment() throws UsageException {
        var options = parse(
                Map.of("BUSBAR_STATE_DIR", "/s", "BUSBAR_INSTANCE", "two"),
                "--state-dir", "/t", "--instance", "three", "--socket-dir", "/r", "--disk", "/d.img", "--console");

        assertThat(options.stateRoot()).isEqualTo(Path.of("/t"));
        assertThat(options.instance()).isEqualTo("three");
        assertThat(options.socketDir()).contains(Path.of("/r"));
        assertThat(options.disk()).contains(Path.of("/d.img"));
        assertThat(options.console()).isTrue();
        assertThat(options.home()).isEqualTo(HOME);
    }

    @Test
    void aValueMayStandBehindAnEqualsSign() throws UsageException {
        var options = parse(
                Map.of(), "--state-dir=/t", "--instance=three", "--socket-dir=/r", "--disk=/a=b.img", "--console");

        assertThat(options.stateRoot()).isEqualTo(Path.of("/t"));
        assertThat(options.instance()).isEqualTo("three");
        assertThat(options.socketDir()).contains(Path.of("/r"));
        assertThat(options.disk()).contains(Path.of("/a=b.img"));
        assertThat(options.console()).isTrue();
    }

    @Test
    void filesOfDevicesAreTakenInTheirOrder() throws UsageException {
        assertThat(parse(Map.of("HOME", "/h"), "--devices", "/b", "--devices=/a").devices())
                .containsExactly(Path.of("/b"), Path.of("/a"));
        assertThat(parse(Map.of("HOME", "/h")).devices()).isEmpty();
    }

    @Test
    void pathsAreMadeAbsolute() throws UsageException {
        assertThat(parse(Map.of("HOME", "/h"), "--disk", "a/../d.img").disk())
                .contains(Path.of("d.img").toAbsolutePath());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--disk", "--devices", "--instance", "--state-dir", "--socket-dir", "--home", "--uml-initrd"})
    void anOptionWithoutItsValueIsNamed(String option) {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> parse(Map.of("HOME", "/h"), option))
                .withMessage(option + " needs a value");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--dsik", "--dsik=/d.img", "--console=yes", "-disk", "disk=/d.img"})
    void anUnknownOptionIsNamed(String option) {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> parse(Map.of("HOME", "/h"), option))
                .withMessageContaining("\"" + option + "\"")
                .withMessageContaining("--disk FILE");
    }

    @Test
    void anEmptyPathIsRefused() {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> parse(Map.of("HOME", "/h"), "--disk", ""))
                .withMessage("--disk is empty, a path was expected");
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> parse(Map.of("HOME", "/h"), "--disk="))
                .withMessage("--disk is empty, a path was expected");
    }

    @Test
    void withoutAnyPlaceForTheStateItSaysWhatMayBeSet() {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> parse(Map.of()))
                .withMessageContaining("BUSBAR_STATE_DIR");
    }
}
