package io.busbar.backends.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.BlockStatus;
import io.busbar.core.linux.Errno;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import io.busbar.testkit.TestRequest;
import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Linux says once that a write was lost: whoever is told, no flush says afterwards that all is well. */
@Timeout(120)
class LostWritesTest {

    @TempDir
    Path directory;

    @Test
    void after_a_durable_write_that_failed_no_flush_and_no_durable_request_says_that_all_is_well() throws Exception {
        TestBackendContext context = TestBackendContext.of("path", file().toString());
        try (FileBackend disk = new FileBackend(context)) {
            TestPayload failing = TestPayload.ofSizes(4096).failingWrites(-Errno.EIO);
            assertThat(TestRequest.write(0, failing).asDurable().on(disk)).isEqualTo(BlockStatus.IO_ERROR);

            assertThat(TestRequest.flush().on(disk)).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.write(0, TestPayload.ofSizes(4096)).asDurable().on(disk))
                    .isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.discard(0, 4096).asDurable().on(disk)).isEqualTo(BlockStatus.IO_ERROR);
            assertThat(TestRequest.write(0, TestPayload.ofSizes(4096)).on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(context.failure()).contains("durable write").contains("every flush fails");
        }
    }

    @Test
    void a_durable_write_for_which_there_is_no_room_loses_nothing_else() throws Exception {
        TestBackendContext context = TestBackendContext.of("path", file().toString());
        try (FileBackend disk = new FileBackend(context)) {
            TestPayload failing = TestPayload.ofSizes(4096).failingWrites(-Errno.ENOSPC);
            assertThat(TestRequest.write(0, failing).asDurable().on(disk)).isEqualTo(BlockStatus.IO_ERROR);

            assertThat(TestRequest.flush().on(disk)).isEqualTo(BlockStatus.OK);
            assertThat(context.failure()).isNull();
        }
    }

    @Test
    void a_misaligned_durable_direct_write_does_not_get_past_a_flush_that_failed() throws Exception {
        assertThat(withFirstSyncFailing("flush", "write", "flush")).isEqualTo("IO_ERROR IO_ERROR IO_ERROR");
    }

    @Test
    void a_flush_does_not_get_past_a_misaligned_durable_direct_write_that_failed() throws Exception {
        assertThat(withFirstSyncFailing("write", "flush", "write")).isEqualTo("IO_ERROR IO_ERROR IO_ERROR");
    }

    private Path file() throws IOException {
        return ImageFile.filled(directory, "disk", 1 << 20, 0x11);
    }

    /** A tracer answers EIO in place of the kernel, once: as Linux does when data in its cache was lost. */
    private String withFirstSyncFailing(String... steps) throws Exception {
        Prerequisite.require(tracerWorks(), "program strace, from package strace, and the right to trace");
        List<String> command = new ArrayList<>(List.of(
                "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                "inject=fdatasync:error=EIO:when=1",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-cp", ClassPath.ofTests(),
                Steps.class.getName(), file().toString()));
        command.addAll(List.of(steps));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return output.lines().filter(line -> line.startsWith("ends: ")).findFirst().orElse(output).substring(6);
        } finally {
            process.destroyForcibly();
        }
    }

    private static boolean tracerWorks() throws InterruptedException {
        try {
            return new ProcessBuilder("strace", "-o", "/dev/null", "true")
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException none) {
            return false;
        }
    }

    /** Does requests one after another to a disk past the page cache, and says how they ended. */
    static final class Steps {

        private Steps() {
        }

        public static void main(String[] arguments) throws Exception {
            StringBuilder ends = new StringBuilder("ends:");
            try (FileBackend disk =
                    new FileBackend(TestBackendContext.of("path", arguments[0], "io", "direct"))) {
                for (String step : List.of(arguments).subList(1, arguments.length)) {
                    TestRequest request = step.equals("flush")
                            ? TestRequest.flush()
                            : TestRequest.write(4096, TestPayload.ofSizes(4096).misaligned()).asDurable();
                    ends.append(' ').append(request.on(disk));
                }
            }
            System.out.println(ends);
        }
    }
}
