package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/write-a-driver.md} to its end: bundle and feature put into a distribution, and a kernel that uses the disk. */
class ExampleDriverInGuestIT {
    private static final Path EXAMPLE = Path.of(System.getProperty("busbar.source"), "examples", "zero-disk");
    private static final Duration COPY_DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Path distributionWithTheExample() throws Exception {
        Path home = directory.resolve("busbar");
        var copied = Command.run(
                COPY_DEADLINE, Map.of(), List.of("cp", "-r", Distribution.home().toString(), home.toString()));
        assertThat(copied.exit()).as(copied.err()).isZero();
        try (var jars = Files.newDirectoryStream(EXAMPLE.resolve("target"), "io.busbar.examples.zero-disk-*.jar")) {
            Path jar = jars.iterator().next();
            Files.copy(jar, home.resolve("bundles").resolve(jar.getFileName()));
        }
        Files.copy(EXAMPLE.resolve("feature/zero-disk.json"), home.resolve("features/zero-disk.json"));
        return home;
    }

    @Test
    void aLinuxKernelReadsZeroesAndKnowsThatItCannotWrite() throws Exception {
        try (var busbar = BusbarProcess.in(directory).home(distributionWithTheExample()).start()) {
            assertThat(busbar.ok("vdpa", "mgmtdev", "show", "zero_block")).contains("zero_block:", "supported_classes block");
            busbar.ok("vdpa", "dev", "add", "name", "zero0", "mgmtdev", "zero_block", "sectors", "4096", "--volatile");

            var output = new Uml().run(GuestJob.of("""
                    set -eu
                    echo "size $(blockdev --getsize64 /dev/vda) read-only $(blockdev --getro /dev/vda)"
                    echo "not zero: $(dd if=/dev/vda bs=64k iflag=direct status=none | tr -d '\\0' | wc -c)"
                    echo "serial $(tr -d '\\0' </sys/block/vda/serial)"
                    if dd if=/dev/zero of=/dev/vda bs=512 count=1 oflag=direct 2>/dev/null; then echo "written"; fi
                    """, busbar.socket("zero0")));

            assertThat(output).contains("size 2097152 read-only 1", "not zero: 0", "serial zeroes").doesNotContain("written");
            assertThat(busbar.ok("vdpa", "dev", "vstats", "show", "zero0")).contains("chains");
        }
    }
}
