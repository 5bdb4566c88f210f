package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import io.busbar.itests.Eventually;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code busbar run}, as its user sees it in a terminal. */
class RunIT {
    private static final Duration BOOT = Duration.ofSeconds(120);
    private static final Duration ANSWER = Duration.ofSeconds(60);
    private static final String PROMPT = "guest:~# ";

    @TempDir
    private Path directory;

    @BeforeEach
    void needsAGuest() {
        Host.require("linux.uml", "user-mode-linux");
    }

    private Map<String, String> environment() {
        return Map.of(
                "BUSBAR_STATE_DIR", directory.resolve("state").toString(),
                "JAVA_HOME", System.getProperty("java.home"),
                "TERM", "dumb");
    }

    private Command busbar(String... words) {
        var all = new ArrayList<>(List.of(Distribution.script().toString()));
        all.addAll(List.of(words));
        return Command.run(BOOT, environment(), all);
    }

    @Test
    void leavesItsUserAtALinuxWhoseDiskItServes() throws Exception {
        try (var terminal = TerminalSession.start(environment(), Distribution.script() + " run")) {
            terminal.expect(PROMPT, BOOT);
            var before = reads();

            terminal.type("dd if=/dev/vda of=/dev/null bs=1M count=8; echo read-$((6 * 7))").expect("read-42", ANSWER);

            assertThat(reads()).isGreaterThan(before);
            assertThat(busbar("vdpa", "dev", "show").out()).startsWith("disk0: type block mgmtdev sim_block");

            terminal.type("exit");
            assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
            assertThat(terminal.screen()).containsPattern(
                    "busbar: disk0 served [1-9]\\d* reads \\([\\d.]+ MiB\\), [1-9]\\d* writes .* 0 errors");
        }
        assertThat(busbar("status").out()).isEqualTo("instance default: not running\n");
    }

    /** By DHCP and by name, through the switch and through passt; the terminal is the virtio console, which can be left and come back to. */
    @Test
    void itsGuestsReachEachOtherAndTheHostsOwnServices() throws Exception {
        Host.require("passt", "passt");
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write("hello-of-the-host\n".getBytes(StandardCharsets.US_ASCII));
            exchange.close();
        });
        server.start();
        try (var terminal = TerminalSession.start(environment(), Distribution.script() + " run --guests 2")) {
            terminal.expect("busbar: guest1 at 10.77.0.", BOOT).expect(PROMPT, BOOT);
            terminal.type("ping -c 2 guest1").expect("2 packets received", ANSWER);
            terminal.type("ip -4 -o address show dev eth0 | sed 's/.*inet /eth0-has-/'").expect("eth0-has-10.77.0.", ANSWER);
            terminal.type("wget -qO- http://10.9.0.1:" + server.getAddress().getPort() + "/").expect("hello-of-the-host", ANSWER);
            terminal.type("tty").expect("/dev/hvc0", ANSWER);
            assertThat(busbar("console", "list").out()).contains("con0  console  driver open", "con1  console  driver open");

            terminal.press("\u001d").expect("the guest goes on: Enter brings you back", ANSWER).press("\n").type("echo back-$((6 * 7))")
                    .expect("back-42", ANSWER).type("exit");
            assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
            assertThat(terminal.screen()).containsPattern("busbar: net0 carried [1-9]\\d* frames from the guest")
                    .containsPattern("busbar: host0 carried [1-9]\\d* frames from the guest .* and [1-9]")
                    .containsPattern("busbar: con0 carried [1-9]\\d* bytes from the guest and [1-9]")
                    .containsPattern("busbar: disk1 served [1-9]");
        } finally {
            server.stop(0);
        }
        assertThat(busbar("status").out()).isEqualTo("instance default: not running\n");
    }

    /** What is piped in is typed, and its end is that of the shell; addresses are counted from the one that is given. */
    @Test
    void withoutATerminalWhatIsPipedInIsTyped() {
        var result = Command.run(BOOT, environment(), List.of("bash", "-c",
                "printf 'echo answer-$((6*7))\\nping -c 1 guest1 | grep received\\n' | \"$1\" run --guests 2 --no-passt --address 192.168.7.5/24",
                "bash", Distribution.script().toString()));
        assertThat(result.exit()).as(result.out() + result.err()).isZero();
        assertThat(result.out()).contains("answer-42", "1 packets received", "192.168.7.5");
        assertThat(result.err()).contains("guest1 at 192.168.7.6", "busbar: net1 carried ");
    }

    @Test
    void whatItHasStartedEndsWithItWhenBusbarDoesNotStart() throws Exception {
        var file = Files.writeString(directory.resolve("wrong.devices"), "name x mgmtdev nosuch\n");
        var result = busbar("run", "--devices", file.toString());
        assertThat(result.exit()).isEqualTo(1);
        assertThat(result.err()).contains(file + ":1: ").endsWith("busbar: Busbar did not start\n");
        Eventually.within(ANSWER, () -> processesHere().isEmpty(), () -> "still running: " + processesHere());
    }

    private List<String> processesHere() {
        return ProcessHandle.allProcesses().map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains(directory.toString())).toList();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--guests 0                            | --guests 0: a number from 1 to 16 was expected",
        "--guests 17                           | --guests 17: a number from 1 to 16 was expected",
        "--guests two                          | --guests two: a number from 1 to 16 was expected",
        "--address 10.0.0.1                    | --address 10.0.0.1: an IPv4 address and the length of its prefix were expected",
        "--address 10.0.0.256/24               | --address 10.0.0.256/24: 256 is no part of an address",
        "--guests 3 --address 10.0.0.253/24    | 255, and 254 is the most",
        "--no-net --address 10.0.0.1/24        | --address 10.0.0.1/24 is for the network, and --no-net leaves it out",
        "--no-guest --guests 2                 | --guests is for guests, and --no-guest boots none",
        "--no-guest --card                     | --card is for guests, and --no-guest boots none",
        "--card=mic3                           | \"--card=mic3\": --card takes no value",
        "--card --disk /no/such/image          | --disk /no/such/image: the image of a disk was expected"
    })
    void wrongWordsAreNamed(String words, String sentence) {
        var all = new ArrayList<>(List.of("run"));
        all.addAll(List.of(words.split(" ")));
        var result = busbar(all.toArray(String[]::new));
        assertThat(result.exit()).isEqualTo(2);
        assertThat(result.err()).contains(sentence);
    }

    private long reads() {
        var found = Pattern.compile(" reads (\\d+) ").matcher(busbar("vdpa", "dev", "vstats", "show", "disk0").out());
        assertThat(found.find()).isTrue();
        return Long.parseLong(found.group(1));
    }

    @Test
    void whatTheGuestWroteIsThereTheNextTime() throws Exception {
        try (var terminal = TerminalSession.start(environment(), Distribution.script() + " run")) {
            terminal.expect(PROMPT, BOOT).type("echo kept-$((6 * 7)) >file; exit");
            assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
        }
        try (var terminal = TerminalSession.start(environment(), Distribution.script() + " run")) {
            terminal.expect(PROMPT, BOOT).type("cat file").expect("kept-42", ANSWER).type("exit");
            assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
        }
    }

    @Test
    void whoEndsItFromOutsideEndsTheGuestToo() throws Exception {
        try (var terminal = TerminalSession.start(environment(), Distribution.script() + " run")) {
            terminal.expect(PROMPT, BOOT);
            var guests = terminal.programs(Host.require("linux.uml", "user-mode-linux").toString());
            assertThat(guests).isNotEmpty();
            assertThat(terminal.programs(Distribution.script().toString(), "run"))
                    .singleElement()
                    .satisfies(run -> assertThat(run.destroy()).isTrue());
            assertThat(terminal.awaitEnd()).as(terminal.screen()).isNotZero();
            Eventually.within(
                    ANSWER, () -> guests.stream().noneMatch(ProcessHandle::isAlive), () -> "still there: " + guests);
        }
        assertThat(busbar("status").out()).isEqualTo("instance default: not running\n");
    }

    @Test
    void aSecondOneSaysThatTheFirstOneRuns() throws Exception {
        assertThat(busbar("start").exit()).isZero();
        try {
            var second = busbar("run");
            assertThat(second.exit()).isEqualTo(1);
            assertThat(second.err()).contains("instance \"default\" is already running (process ", "--instance NAME");
            assertThat(directory.resolve("state/default/guest")).doesNotExist();
        } finally {
            assertThat(busbar("stop").exit()).isZero();
        }
    }

    @Test
    void foldersMayHaveBlanksThatForTemporaryFilesToo() throws Exception {
        directory = Files.createDirectory(directory.resolve("with a blank"));
        var environment = new HashMap<>(environment());
        environment.put("TMPDIR", directory.toString());
        try (var terminal = TerminalSession.start(environment, Distribution.script() + " run")) {
            terminal.expect(PROMPT, BOOT).type("exit");
            assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
        }
        try (var files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsOnly("state");
        }
    }

    /** Without the kernel's modules no guest can see the disk. */
    @Test
    void withoutAGuestABuiltInDriverChecksTheSameDevice() throws Exception {
        var environment = new HashMap<>(environment());
        environment.put("BUSBAR_GUEST_MODULES", Files.createDirectory(directory.resolve("none")).toString());
        environment.put("BUSBAR_NO_INSTALL", "1");

        var result = Command.run(BOOT, environment, List.of(Distribution.script().toString(), "run"));

        assertThat(result.exit()).as(result.err() + result.out()).isZero();
        assertThat(result.err()).contains("sudo apt-get install user-mode-linux", "a built-in driver checks the same device");
        assertThat(busbar("status").out()).isEqualTo("instance default: not running\n");
    }

    @Test
    void thePrintedLineForUserModeLinuxBootsFromTheDisk() throws Exception {
        var image = imageWithARootFileSystem();
        var start = busbar("start", "--disk", image.toString());
        try {
            assertThat(start.exit()).as(start.err()).isZero();
            try (var terminal = TerminalSession.start(environment(), printed(start.out(), "uml:"))) {
                terminal.expect(PROMPT, BOOT).type("exit");
                assertThat(terminal.awaitEnd()).as(terminal.screen()).isZero();
            }
        } finally {
            assertThat(busbar("stop").exit()).isZero();
        }
    }

    /** The guest's root file system, as run makes it. */
    private Path imageWithARootFileSystem() {
        var image = directory.resolve("root.img");
        var guest = Distribution.home().resolve("guest/guest.sh");
        var made = Command.run(
                BOOT, environment(),
                List.of("bash", "-c", "source \"$1\" && busbar_guest_make_disk \"$2\"", "bash", guest.toString(), image.toString()));
        assertThat(made.exit()).as(made.err()).isZero();
        return image;
    }

    private static String printed(String output, String word) {
        return output.lines()
                .filter(line -> line.startsWith(word))
                .map(line -> line.substring(word.length()).strip())
                .findFirst()
                .orElseThrow(() -> new AssertionError("no line " + word + " in " + output));
    }

    /** The firmware looks for something to boot on the disk, and so reads it. */
    @Test
    void thePrintedLineForQemuAttachesTheDisk() throws IOException {
        Host.require("qemu-system-x86_64", "qemu-system-x86");
        var image = directory.resolve("disk.img");
        try (var file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        try (var busbar = BusbarProcess.in(directory).disk(image).start();
                var _ = TerminalSession.start(Map.of(), printed(busbar.log(), "qemu:"))) {
            Eventually.within(
                    BOOT,
                    () -> busbar.ok("vdpa", "dev", "vstats", "show", "disk0").matches("(?s).* reads [1-9].*"),
                    () -> "QEMU's firmware has not read the disk: " + busbar.log());
        }
    }
}
