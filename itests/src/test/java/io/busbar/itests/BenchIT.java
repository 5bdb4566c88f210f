package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.testkit.machine.Prerequisite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The built-in check and the load generator, on Busbar and on a device of others. */
class BenchIT {
    private static final Duration DEADLINE = Duration.ofSeconds(120);
    private static final Duration QUICK_DEADLINE = Duration.ofSeconds(300);
    private static final int DISK_BYTES = 8 << 20;

    @TempDir
    private Path directory;

    @Test
    void theCheckPassesOnBusbarAndLeavesTheDiskAsItWas() throws IOException {
        var content = new byte[DISK_BYTES];
        new Random(3).nextBytes(content);
        var image = Files.write(directory.resolve("disk.img"), content);
        try (var busbar = BusbarProcess.in(directory).disk(image).start()) {
            var result = bench("check", "--socket", busbar.socket("disk0").toString());

            assertThat(result.exit()).as(result.out() + result.err()).isZero();
            assertThat(result.out()).contains("the device passed the check").doesNotContain("FAILED");
            assertThat(image).hasBinaryContent(content);
        }
    }

    @Test
    void theCheckPassesOnBusbarWithWrites() throws IOException {
        var image = Files.write(directory.resolve("disk.img"), new byte[DISK_BYTES]);
        try (var busbar = BusbarProcess.in(directory).disk(image).start()) {
            var result = bench("check", "--socket", busbar.socket("disk0").toString(), "--destructive");

            assertThat(result.exit()).as(result.out() + result.err()).isZero();
            assertThat(result.out()).contains("came back as written", "ok      write zeroes", "ok      discard");
        }
    }

    @Test
    void theCheckPassesOnTheStorageDaemonOfQemu() throws IOException, InterruptedException {
        requireProgram("qemu-storage-daemon", "qemu-system-common");
        var image = Files.write(directory.resolve("disk.img"), new byte[DISK_BYTES]);
        var socket = directory.resolve("peer.sock");
        var daemon = new ProcessBuilder("qemu-storage-daemon",
                "--blockdev", "driver=file,node-name=f,filename=" + image,
                "--export", "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=" + socket)
                .inheritIO()
                .start();
        try {
            Eventually.within(DEADLINE, () -> Files.exists(socket), () -> "no socket of qemu-storage-daemon");
            var result = bench("check", "--socket", socket.toString(), "--destructive");

            assertThat(result.exit()).as(result.out() + result.err()).isZero();
            assertThat(result.out()).contains("the device passed the check");
        } finally {
            daemon.destroy();
            daemon.waitFor();
        }
    }

    @Test
    void theLoadGeneratorComparesWithoutErrorsAndLeavesNothingBehind() throws IOException {
        requireProgram("qemu-storage-daemon", "qemu-system-common");
        var images = Files.createDirectory(directory.resolve("images"));

        var result = bench("block", "--quick", "--json", "--dir", onDisk(images).toString());

        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        var tree = JsonParser.parseString(result.out()).getAsJsonObject();
        assertThat(tree.getAsJsonArray("workloads")).hasSize(5).allSatisfy(BenchIT::hasFigures);
        assertThat(tree.getAsJsonArray("failures")).isEmpty();
        assertThat(images).isEmptyDirectory();
    }

    @Test
    void ringsAreComparedWithCInJvmsOfTheirOwn() {
        requireProgram("cc", "gcc");

        var result = bench("ring", "--forks", "1", "--pairs", "3", "--json");

        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        var tree = JsonParser.parseString(result.out()).getAsJsonObject();
        assertThat(tree.getAsJsonArray("results")).hasSize(6).allSatisfy(row -> {
            for (var figure : List.of("java_ns_per_descriptor", "c_ns_per_descriptor", "rate_to_c")) {
                assertThat(row.getAsJsonObject().get(figure).getAsDouble()).isPositive();
            }
        });
    }

    @Test
    void framesAreComparedWithDpdkAndAGuestsTcpWithQemusOwnTap() {
        requireProgram("pkg-config", "pkg-config");
        requireProgram("qemu-system-x86_64", "qemu-system-x86");
        requireProgram("iperf3", "iperf3");

        JsonObject tap = assertRatios(bench("net", "--quick", "--json"), "sizes").getAsJsonObject("tap");

        for (var figure : List.of("busbar_bits_per_second", "qemu_bits_per_second", "ratio")) {
            assertThat(tap.get(figure).getAsDouble()).as(figure).isPositive();
        }
    }

    @Test
    void bytesOfAGuestsConsoleAreComparedWithThoseOfAPipe() {
        requireProgram("linux.uml", "user-mode-linux");

        assertRatios(bench("console", "--quick", "--json"), "directions");
    }

    @Test
    void aDiskOverACardIsComparedWithTheSameWithoutOne() {
        var result = bench("vop", "--quick", "--json");

        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        var tree = JsonParser.parseString(result.out()).getAsJsonObject();
        assertThat(tree.getAsJsonArray("workloads")).hasSize(4).allSatisfy(row -> {
            var workload = row.getAsJsonObject();
            assertThat(workload.get("ratio").getAsDouble()).isPositive();
            for (var end : List.of("host_per_request", "card_per_request")) {
                assertThat(workload.getAsJsonObject(end).get("reads").getAsDouble()).as(end).isZero();
                assertThat(workload.getAsJsonObject(end).get("nanos").getAsDouble()).as(end).isPositive();
            }
        });
    }

    @Test
    void aWrongWordForTheDiskOverACardIsRefusedWithTheUsage() {
        assertThat(bench("vop", "--help").out()).contains("usage: bench vop");
        var result = bench("vop", "--only", "fast");
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.err()).contains("--only fast: expected one of", "usage: bench vop");
    }

    private static JsonObject assertRatios(Command result, String rows) {
        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        var tree = JsonParser.parseString(result.out()).getAsJsonObject();
        assertThat(tree.getAsJsonArray(rows)).hasSize(2).allSatisfy(
                row -> assertThat(row.getAsJsonObject().get("ratio").getAsDouble()).isPositive());
        return tree;
    }

    private static void hasFigures(JsonElement workload) {
        for (var side : List.of("busbar", "peer")) {
            JsonObject figures = workload.getAsJsonObject().getAsJsonObject(side);
            assertThat(figures.get("iops").getAsDouble()).isPositive();
            assertThat(figures.get("p99_us").getAsDouble()).isGreaterThanOrEqualTo(figures.get("p50_us").getAsDouble());
            assertThat(figures.get("errors").getAsLong()).isZero();
        }
    }

    /** The load generator wants a disk, and the directory of the tests may be in memory. */
    private static Path onDisk(Path wanted) throws IOException {
        return Files.getFileStore(wanted).type().equals("tmpfs") ? Path.of("/var/tmp") : wanted;
    }

    private static void requireProgram(String name, String packages) {
        var there = Command.run(DEADLINE, Map.of(), List.of("bash", "-c", "command -v " + name)).exit() == 0;
        Prerequisite.require(there, "program " + name + ", from package " + packages);
    }

    private static Command bench(String... words) {
        var command = new ArrayList<>(List.of(Distribution.script().toString(), "bench"));
        command.addAll(List.of(words));
        return Command.run(QUICK_DEADLINE, Map.of("JAVA_HOME", System.getProperty("java.home")), command);
    }
}
