package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Start and end of the distribution as a process. */
class LifecycleIT {
    private static final Duration START = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void sigtermEndsItWithStatusZeroAndLeavesNoProcessIdBehind() {
        try (var busbar = BusbarProcess.in(directory).start()) {
            var pidFile = directory.resolve("state/default/busbar.pid");
            assertThat(pidFile).hasContent(Long.toString(busbar.pid()));

            assertThat(busbar.terminate()).isZero();

            assertThat(pidFile).doesNotExist();
            assertThat(directory.resolve("state/default/control.sock")).doesNotExist();
        }
    }

    /** Each file is made at another moment of a start. */
    @ParameterizedTest
    @ValueSource(strings = {"busbar.pid", "framework", "framework/bundle1", "framework/bundle9", "control.sock"})
    void sigtermWhileItStartsEndsItWithStatusZeroAsWell(String file) {
        try (var busbar = BusbarProcess.in(directory).launch()) {
            var path = directory.resolve("state/default").resolve(file);
            Eventually.within(START, () -> Files.exists(path), () -> "no " + path + ": " + busbar.log());

            assertThat(busbar.terminate()).as(busbar.log()).isZero();

            assertThat(busbar.log()).doesNotContain("busbar: ", "did not come up");
            assertThat(directory.resolve("state/default/control.sock")).doesNotExist();
        }
    }

    @Test
    void oneReadyLineIsPrinted() {
        try (var busbar = BusbarProcess.in(directory).start()) {
            assertThat(busbar.log().lines().filter(line -> line.startsWith("ready"))).hasSize(1);
        }
    }

    @Test
    void aSecondStartOfTheSameInstanceIsRefusedAndTheFirstGoesOn() {
        try (var first = BusbarProcess.in(directory).start();
                var second = BusbarProcess.in(directory.resolve("second"))
                        .environment("BUSBAR_STATE_DIR", directory.resolve("state").toString())
                        .launch()) {
            assertThat(second.awaitEnd()).isEqualTo(1);
            assertThat(second.log())
                    .contains("instance \"default\" is already running (process " + first.pid() + ")");
            assertThat(first.isAlive()).isTrue();
        }
    }

    @Test
    void instancesRunSideBySide() {
        try (var one = BusbarProcess.in(directory).instance("one").start();
                var two = BusbarProcess.in(directory).instance("two").socketDir(directory.resolve("s2")).start()) {
            assertThat(one.terminate()).isZero();
            assertThat(two.isAlive()).isTrue();
            assertThat(two.terminate()).isZero();
        }
    }

    @Test
    void pathsMayHaveBlanks() throws IOException {
        var blank = Files.createDirectory(directory.resolve("a b"));
        try (var busbar = BusbarProcess.in(blank).start()) {
            assertThat(busbar.terminate()).isZero();
        }
    }

    @Test
    void aConfigurationThatIsNoneIsNamed() {
        try (var busbar = BusbarProcess.in(directory).configuration("{\"pid\": 7}").launch()) {
            assertThat(busbar.awaitEnd()).isEqualTo(1);
            assertThat(busbar.log()).contains("test.json").contains("PID");
        }
    }
}
