package io.busbar.core.linux;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.Prerequisite;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls that wait for a disk, each interrupted once: a tracer answers EINTR in place of the kernel. */
@Timeout(120)
class InterruptedCallsTest {
    private static final String CALLS = "fdatasync,fallocate,ftruncate";

    @TempDir
    Path directory;

    @Test
    void what_a_signal_interrupted_is_done_again() throws Exception {
        Prerequisite.require(tracerWorks(), "program strace, from package strace, and the right to trace");
        ChildJvm child = ChildJvm.runUnder(
                List.of("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + CALLS,
                        "-e", "inject=" + CALLS + ":error=EINTR:when=1"),
                EachOnce.class, List.of(directory.resolve("file").toString()),
                "--enable-native-access=ALL-UNNAMED", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1");

        assertThat(child.output()).contains("truncate 0", "allocate 0", "dataSync 0");
        assertThat(child.exitStatus()).isZero();
    }

    private static boolean tracerWorks() throws InterruptedException {
        try {
            return new ProcessBuilder("strace", "-o", "/dev/null", "true")
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (java.io.IOException none) {
            return false;
        }
    }

    static final class EachOnce {
        private EachOnce() {
        }

        public static void main(String[] arguments) throws LinuxException {
            try (PositionalFile file =
                    PositionalFile.open(Path.of(arguments[0]), OpenFlag.READ_WRITE, OpenFlag.CREATE)) {
                System.out.println("truncate " + file.truncate(8192));
                System.out.println("allocate " + file.allocate(0, 4096));
                System.out.println("dataSync " + file.dataSync());
            }
        }
    }
}
