package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code busbar demo swap}, as a newcomer runs it. */
final class DemoIT {

    private static final Duration LIMIT = Duration.ofMinutes(4);

    @TempDir
    Path folder;

    @Test
    void aGuestCopiesWhileItsDiskIsSwapped() {
        Host.require("linux.uml", "user-mode-linux");
        Command demo = Command.run(
                LIMIT,
                Map.of("JAVA_HOME", System.getProperty("java.home"), "BUSBAR_STATE_DIR", folder.toString()),
                List.of(Distribution.script().toString(), "demo", "swap", "--rounds", "5"));
        assertThat(demo.exit()).as(demo.out() + demo.err()).isZero();
        assertThat(demo.out().lines().filter(line -> line.startsWith("swap "))).hasSize(5)
                .anyMatch(line -> line.startsWith("swap 5: device model, the guest waited "));
        assertThat(demo.out().lines().toList().getLast())
                .matches("5 swaps under a running guest: it waited \\d+ us \\(median\\), \\d+ us at the most; "
                        + "\\d+ copies of 16 MiB, each compared, none wrong; errors of the disk: 0");
    }
}
