package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands from outside to the distribution as a process: by the script, as a user gives them. */
class CommandsIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private static Path directory;

    private static BusbarProcess busbar;

    @BeforeAll
    static void start() {
        busbar = BusbarProcess.in(directory).start();
    }

    @AfterAll
    static void stop() {
        busbar.close();
    }

    /** A line of bash, in which $busbar is the script. */
    private static Command bash(String line) {
        return Command.run(
                DEADLINE,
                Map.of(
                        "BUSBAR_STATE_DIR", directory.resolve("state").toString(),
                        "JAVA_HOME", System.getProperty("java.home"),
                        "busbar", Distribution.script().toString()),
                List.of("bash", "-c", line));
    }

    @Test
    void everyBundleIsActive() {
        assertThat(busbar.ok("bundle", "list").lines())
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).matches("\\d+ +active .*"));
    }

    @Test
    void statusNamesThePartsThatArePluggedIn() {
        assertThat(busbar.script("status").out())
                .contains("instance default: running", "bus host: ", "sim_block", "vhost-user", "memory");
        assertThat(busbar.script("status", "-j").out()).startsWith("{\"status\":{\"host\":{");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "vdpa bogus|Object \"bogus\" not found",
        "vdpa dev bogus|Command \"bogus\" not found",
        "vdpa dev del nosuch|Error: vdpa: device not found.",
        "vdpa mgmtdev show nosuch|Error: vdpa: Fail to find the specified mgmt device.",
        "vdpa dev add name d mgmtdev nosuch|Error: vdpa: Fail to find the specified management device.",
        "vdpa dev add name d mgmtdev sim_block bogus 5|Unknown option \"bogus\"",
        "block resize nosuch 1G|block: there is no device \"nosuch\"",
        "backend bogus|backend: \"bogus\" is unknown; expected one of: list, swap",
    })
    void aWrongCommandIsNamedWithExitStatusOne(String words, String sentence) {
        var result = busbar.script(words.split(" "));

        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith(sentence);
    }

    /** As without a Busbar that runs. */
    @ParameterizedTest
    @CsvSource({"nosuch", "nosuch word", "help nosuch"})
    void anUnknownFirstWordIsAWrongCommandLine(String words) {
        var result = busbar.script(words.split(" "));

        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("\"nosuch\" is no command; expected one of: status");
    }

    @Test
    void theShellTakesLinesFromAPipeAndExitsWithTheStatusOfTheLast() {
        var result = bash("printf 'x = nosuch; vdpa dev show $x\\nvdpa mgmtdev show\\n' | \"$busbar\" shell");
        assertThat(result.err()).isEqualTo("Error: vdpa: device not found.\nkernel answers: No such device\n");
        assertThat(result.out()).startsWith("sim_block: \n  supported_classes block\n");
        assertThat(result.exit()).isZero();

        assertThat(bash("echo vdpa dev show nosuch | \"$busbar\" shell").exit()).isEqualTo(1);
    }

    /** As readline hands them over: an equals sign is a word of its own. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "vdpa mgmtdev show sim_b|sim_block",
        "--instance default vdpa mgmtdev show sim_b|sim_block",
        "--instance = default vdpa mgmtdev show sim_b|sim_block",
        "status --instance de|default",
        "status --instance = de|default",
        "status --instance =|default",
        "run --no|--no-net --no-passt --no-guest",
        "sta|start status",
    })
    void bashCompletesTheWordsOfWhatRuns(String line, String proposals) {
        var result = bash("source <(\"$busbar\" completion bash); COMP_WORDS=(\"$busbar\" " + line
                + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _busbar; echo \"${COMPREPLY[@]}\"");
        assertThat(result.out()).isEqualTo(proposals + "\n");
    }

    @Test
    void aDeviceIsAddedShownResizedAndRemoved() {
        assertThat(busbar.script("vdpa", "dev", "add", "name", "d1", "mgmtdev", "sim_block", "backend", "memory", "size", "1M"))
                .isEqualTo(new Command(0, "", ""));

        assertThat(busbar.ok("vdpa", "dev", "show", "d1"))
                .matches("d1: type block mgmtdev sim_block vendor_id 0 max_vqs 1 max_vq_size \\d+\n");
        assertThat(busbar.ok("vdpa", "dev", "show", "d1", "-d"))
                .contains("state bound", "busdriver vhost-user", "endpoint " + busbar.socket("d1"), "backend memory size 1M");
        assertThat(busbar.ok("vdpa", "dev", "config", "show", "d1"))
                .startsWith("d1: capacity 2048 ")
                .contains("read_only false");
        assertThat(busbar.ok("vdpa", "dev", "vstats", "show", "d1")).startsWith("d1: \n  qidx 0 reads 0 ");

        assertThat(busbar.ok("block", "resize", "d1", "2M")).isEmpty();
        assertThat(busbar.ok("vdpa", "dev", "config", "show", "d1")).startsWith("d1: capacity 4096 ");

        assertThat(busbar.command("vdpa", "dev", "add", "name", "d1", "mgmtdev", "sim_block", "backend", "memory", "size", "1M"))
                .isEqualTo(new Command(1, "", "Error: vdpa: device name \"d1\": expected one that no device on bus host has.\n"
                        + "kernel answers: File exists\n"));
        assertThat(busbar.ok("vdpa", "dev", "del", "d1")).isEmpty();
        assertThat(busbar.command("vdpa", "dev", "show", "d1").exit()).isEqualTo(1);
    }

    @Test
    void aFileThatIsNamedRelativelyIsTheOneInTheCallersDirectory() throws IOException {
        var image = Files.write(directory.resolve("disk.img"), new byte[1 << 20]);
        var add = "cd " + directory + " && \"$busbar\" vdpa dev add name d2 mgmtdev sim_block backend file path ";

        assertThat(bash(add + "disk.img")).isEqualTo(new Command(0, "", ""));
        assertThat(busbar.ok("vdpa", "dev", "show", "d2", "-d")).contains("backend file path " + image);
        assertThat(busbar.ok("vdpa", "dev", "del", "d2")).isEmpty();

        var missing = bash(add + "missing.img");
        assertThat(missing.exit()).isEqualTo(1);
        assertThat(missing.err()).contains(directory.resolve("missing.img").toString());
    }
}
