package io.busbar.itests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script, as its user sees it: what it says, and its exit status. */
class ScriptIT {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final int NOT_RUNNING = 3;

    @TempDir
    private Path directory;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void useAStateOfItsOwn() {
        environment.put("BUSBAR_STATE_DIR", directory.resolve("state").toString());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
    }

    private Command busbar(String... words) {
        var all = new ArrayList<>(List.of(Distribution.script().toString()));
        all.addAll(List.of(words));
        return Command.run(DEADLINE, environment, all);
    }

    @Test
    void helpNamesTheCommands() {
        assertThat(busbar("help").out()).contains("run", "start", "stop", "status", "logs", "shell", "bench");
        assertThat(busbar().out()).isEqualTo(busbar("help").out());
    }

    @ParameterizedTest
    @CsvSource({"run", "start", "stop", "status", "logs", "shell", "demo", "test", "fuzz", "soak", "build", "baseline", "bench", "completion", "version", "help"})
    void helpOfACommandSaysHowToUseIt(String command) {
        var help = busbar("help", command);

        assertThat(help.exit()).isZero();
        assertThat(help.out()).startsWith("busbar " + command);
    }

    @ParameterizedTest
    @CsvSource({"run", "start", "stop", "status", "logs", "bench", "completion"})
    void helpIsGivenAlsoAfterTheCommand(String command) {
        assertThat(busbar(command, "--help").out()).isEqualTo(busbar("help", command).out());
        assertThat(busbar(command, "--help").exit()).isZero();
    }

    @Test
    void anUnknownCommandIsNamedAndRefused() {
        var result = busbar("frobnicate");

        assertThat(result.exit()).isEqualTo(USAGE);
        assertThat(result.err()).isEqualTo("busbar: no command \"frobnicate\": \"busbar help\" lists them\n");
    }

    @ParameterizedTest
    @CsvSource({
        "run --frobnicate,--frobnicate", "run --disk,--disk", "run --no-guest --socket-dir,--socket-dir",
        "start now,now", "stop now,now", "logs x,x", "version x,x", "--frobnicate,--frobnicate",
        "--instance,--instance", "bench,block", "bench frobnicate,block", "completion zsh,bash", "test,source tree",
        "build,source tree", "baseline,source tree", "fuzz,source tree", "soak crash,source tree", "help frobnicate,frobnicate",
        "--instance no/name status,no/name", "--instance .. stop,..", "--instance x*y start,x*y",
        "--instance=no/name status,no/name", "--instance=x*y start,x*y", "run --fresh=yes,--fresh=yes",
        "start --frobnicate=1,--frobnicate=1", "--frobnicate=1,--frobnicate=1"
    })
    void aWrongCommandLineIsNamedAndRefused(String line, String named) {
        var result = busbar(line.split(" "));

        assertThat(result.exit()).isEqualTo(USAGE);
        assertThat(result.err()).startsWith("busbar: ").contains(named);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void aCommandForARunningBusbarSaysThatNoneRuns() {
        var result = busbar("--instance", "third", "vdpa", "dev", "show");

        assertThat(result.exit()).isEqualTo(NOT_RUNNING);
        assertThat(result.err()).contains("instance \"third\" is not running").contains("busbar start");
        assertThat(busbar("--instance=third", "vdpa", "dev", "show")).isEqualTo(result);
        assertThat(busbar("vdpa", "dev", "show", "--instance=third")).isEqualTo(result);
    }

    @ParameterizedTest
    @CsvSource({"stop", "status"})
    void whatIsNotRunningHasAStatusOfItsOwn(String command) {
        var result = busbar(command);

        assertThat(result.exit()).isEqualTo(NOT_RUNNING);
        assertThat(result.out() + result.err()).contains("not running");
    }

    @Test
    void aStalePidFileIsNotARunningBusbar() throws IOException {
        var state = Files.createDirectories(directory.resolve("state/default"));
        Files.writeString(state.resolve("busbar.pid"), ProcessHandle.current().pid() + "\n");

        assertThat(busbar("status").exit()).isEqualTo(NOT_RUNNING);
    }

    @Test
    void startStatusLogsAndStopWorkTogether() throws IOException {
        var start = busbar("start");
        try {
            assertThat(start.exit()).as(start.err()).isZero();
            assertThat(start.out()).startsWith("ready");
            assertThat(busbar("status").out()).startsWith("instance default: running, process ");
            assertThat(busbar("start").err()).contains("already running");
            assertThat(busbar("logs").out()).contains("ready");
            var other = Files.createDirectories(directory.resolve("state/other"));
            Files.copy(directory.resolve("state/default/busbar.pid"), other.resolve("busbar.pid"));
            assertThat(busbar("--instance", "other", "status").exit()).as("a number of another instance").isEqualTo(NOT_RUNNING);
        } finally {
            var stop = busbar("stop");
            assertThat(stop.exit()).as(stop.err()).isZero();
        }
        assertThat(busbar("status").exit()).isEqualTo(NOT_RUNNING);
    }

    @ParameterizedTest
    @CsvSource({"start", "stop", "status", "vdpa dev show"})
    void anInstanceNameOfTheEnvironmentThatIsNoneIsRefused(String line) {
        environment.put("BUSBAR_INSTANCE", "no/name");

        var result = busbar(line.split(" "));

        assertThat(result.exit()).isEqualTo(USAGE);
        assertThat(result.err()).startsWith("busbar: \"no/name\" is no name for an instance: letters, digits");
        assertThat(directory.resolve("state")).doesNotExist();
    }

    @Test
    void aValueMayStandBehindAnEqualsSign() throws IOException {
        var image = Files.write(directory.resolve("a=b.img"), new byte[1 << 20]);
        try {
            var start = busbar("start", "--instance=two", "--socket-dir=" + directory.resolve("s"), "--disk=" + image);
            assertThat(start.exit()).as(start.err()).isZero();
            assertThat(directory.resolve("s/disk0.sock")).exists();
            assertThat(busbar("vdpa", "dev", "show", "-d", "--instance=two").out()).contains("path " + image);
        } finally {
            assertThat(busbar("--instance=two", "stop").exit()).isZero();
        }
    }

    @Test
    void anInstanceNameThatIsEmptyIsRefused() {
        var result = busbar("--instance", "", "status");

        assertThat(result.exit()).isEqualTo(USAGE);
        assertThat(result.err()).startsWith("busbar: \"\" is no name for an instance");
    }

    @Test
    void aDiskWhoseNameIsTakenByADeviceThatCameBackIsExplained() throws IOException {
        var image = Files.write(directory.resolve("a.img"), new byte[1 << 20]).toString();
        assertThat(busbar("start").exit()).isZero();
        try {
            var add = busbar("vdpa", "dev", "add", "name", "disk0", "mgmtdev", "sim_block", "backend", "memory", "size", "1M");
            assertThat(add.exit()).as(add.err()).isZero();
        } finally {
            assertThat(busbar("stop").exit()).isZero();
        }

        var start = busbar("start", "--disk", image);
        assertThat(start.exit()).isEqualTo(FAILED);
        assertThat(start.err()).contains(image + " cannot become disk0", "has come back", "vdpa dev del disk0");
    }

    @Test
    void aStartThatFailsSaysWhy() {
        var start = busbar("start", "--disk", directory.resolve("no.img").toString());

        assertThat(start.exit()).isEqualTo(FAILED);
        assertThat(start.err()).contains("no.img: there is no such file").contains("did not start");
        assertThat(busbar("status").exit()).isEqualTo(NOT_RUNNING);
    }

    @Test
    void aStateDirectoryThatCannotBeMadeIsNamed() throws IOException {
        Files.createFile(directory.resolve("state"));

        var start = busbar("start");

        assertThat(start.exit()).isEqualTo(FAILED);
        assertThat(start.err())
                .isEqualTo("busbar: the state directory " + directory.resolve("state/default/log") + " cannot be made or"
                        + " written to (Not a directory): choose another by BUSBAR_STATE_DIR\n");
    }

    @Test
    void aSocketPathThatIsTooLongIsNamed() {
        environment.put("BUSBAR_STATE_DIR", directory.resolve("x".repeat(120)).toString());

        var start = busbar("start");

        assertThat(start.exit()).isEqualTo(FAILED);
        assertThat(start.err()).contains("too long for a Unix socket").contains("107");
    }

    /** A system without a new enough Java: an old one in JAVA_HOME, none elsewhere. */
    @Test
    void withoutANewEnoughJdkItSaysWhatToDo() throws IOException {
        var old = Files.createDirectories(directory.resolve("jdk-17/bin")).getParent();
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        program(old.resolve("bin/java"), "exit 1");
        environment.put("JAVA_HOME", old.toString());
        environment.put("BUSBAR_JVM_DIR", directory.resolve("no-jvms").toString());
        environment.put("HOME", directory.toString());
        environment.put(
                "PATH",
                toolsOf("bash", "env", "readlink", "sed", "grep", "sort", "mkdir", "cat", "find", "ls", "tail").toString());
        System.getenv().keySet().stream()
                .filter(name -> name.matches("JAVA\\d+_HOME"))
                .forEach(name -> environment.put(name, ""));

        var result = busbar("run", "--no-guest");

        assertThat(result.exit()).isEqualTo(FAILED);
        assertThat(result.err())
                .contains("no JDK 25 or newer was found")
                .contains("openjdk-25-jdk")
                .contains("JAVA_HOME=/path/to/jdk");
    }

    /** A JDK in JAVA_HOME that is too old is passed over for one that is not. */
    @Test
    void aJdkThatIsTooOldIsPassedOver() throws IOException {
        var old = Files.createDirectories(directory.resolve("jdk-17/bin")).getParent();
        Files.writeString(old.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        program(old.resolve("bin/java"), "exit 1");
        environment.put("JAVA_HOME", old.toString());
        environment.put("JAVA25_HOME", System.getProperty("java.home"));

        try {
            assertThat(busbar("start").exit()).isZero();
        } finally {
            assertThat(busbar("stop").exit()).isZero();
        }
    }

    @Test
    void aMissingPackageIsInstalledAfterSayingWhatAndWhy() throws IOException {
        var tools = toolsOf("bash", "env", "readlink", "sed", "grep", "sort", "cat", "ldd", "rm");
        program(tools.resolve("apt-get"), "echo \"$@\" >" + directory + "/installed\n"
                + "echo '#!/bin/sh' >" + tools + "/qemu-storage-daemon; /usr/bin/chmod +x " + tools + "/qemu-storage-daemon");
        // For those who are not root.
        program(tools.resolve("sudo"), "[ \"$1\" = -n ] && shift; exec \"$@\"");
        environment.put("PATH", tools.toString());

        var result = busbar("bench", "block", "--frobnicate");

        assertThat(result.err()).contains("qemu-system-common: the server that Busbar is measured against");
        assertThat(directory.resolve("installed")).content().contains("install -y", "qemu-system-common");
    }

    @Test
    void aMissingPackageIsOnlyNamedIfNothingMayBeInstalled() throws IOException {
        var tools = toolsOf("bash", "env", "readlink", "sed", "grep", "sort", "cat", "ldd");
        program(tools.resolve("apt-get"), "echo \"$@\" >" + directory + "/installed");
        environment.put("PATH", tools.toString());
        environment.put("BUSBAR_NO_INSTALL", "1");

        var result = busbar("bench", "block");

        assertThat(result.exit()).isEqualTo(FAILED);
        assertThat(result.err()).contains("qemu-system-common").contains("apt-get install -y qemu-system-common");
        assertThat(directory.resolve("installed")).doesNotExist();
    }

    @Test
    void withoutAPackageManagerThatItKnowsItSaysWhatIsNeeded() throws IOException {
        environment.put("PATH", toolsOf("bash", "env", "readlink", "sed", "grep", "sort", "cat", "ldd").toString());

        var result = busbar("bench", "block");

        assertThat(result.exit()).isEqualTo(FAILED);
        assertThat(result.err()).contains("no apt-get here").contains("qemu-system-common");
    }

    /** A folder with these programs of the system and no others. */
    private Path toolsOf(String... names) throws IOException {
        var tools = Files.createDirectory(directory.resolve("tools"));
        for (var name : names) {
            program(tools.resolve(name), "exec /usr/bin/" + name + " \"$@\"");
        }
        return tools;
    }

    private static void program(Path file, String body) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + body + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
}
