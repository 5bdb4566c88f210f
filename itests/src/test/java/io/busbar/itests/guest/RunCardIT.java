package io.busbar.itests.guest;

import static java.util.concurrent.TimeUnit.MINUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Command;
import io.busbar.itests.Distribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code busbar run --card}, as its user sees it in a terminal of tmux: the terminal is the card's. */
@Timeout(value = 5, unit = MINUTES)
final class RunCardIT {

    private static final Duration BOOT = Duration.ofSeconds(120);
    private static final String PROMPT = "mic0:~#";

    private Path directory;
    private Tmux terminal;

    @BeforeEach
    void start() throws IOException {
        Host.require("linux.uml", "user-mode-linux");
        directory = Files.createTempDirectory("runcard");
        terminal = new Tmux(directory.getFileName().toString());
    }

    @AfterEach
    void stop() throws IOException {
        terminal.close();
        try {
            assertNothingRuns();
        } finally {
            GuestKernel.delete(directory);
        }
    }

    private Map<String, String> environment() {
        return Map.of("BUSBAR_STATE_DIR", directory.resolve("state").toString(), "JAVA_HOME", System.getProperty("java.home"));
    }

    private String line(String words) {
        StringBuilder line = new StringBuilder();
        environment().forEach((name, value) -> line.append(name).append('=').append(value).append(' '));
        return line + Distribution.script().toString() + " run " + words + "; echo ended=$?; exec cat";
    }

    private String busbar(String... words) {
        List<String> all = new ArrayList<>(List.of(Distribution.script().toString()));
        all.addAll(List.of(words));
        Command done = Command.run(BOOT, environment(), all);
        assertThat(done.exit()).as(done.err()).isZero();
        return done.out();
    }

    @Test
    void theTerminalIsAtTheCardsLinuxWhoseDevicesAllComeOverTheLink() {
        terminal.open(101, 41, line("--card --no-passt"));
        terminal.shows(PROMPT, BOOT);
        assertThat(terminal.screen()).contains("on the emulated X100 card mic0", "./busbar x100 link mic0");
        terminal.typeUntil("uname -a", "Linux mic0 ");
        terminal.typeUntil("echo disk-$(readlink /sys/block/vda | grep -c virtio) console-$(tty)", "disk-1 console-/dev/hvc0");
        terminal.typeUntil("ip -4 -o address show dev eth0 | sed 's/.*inet /eth0-has-/'", "eth0-has-10.77.0.");

        terminal.typeUntil("stty size", "41 101");
        terminal.resize(96, 37);
        terminal.typeUntil("stty size", "37 96");
        terminal.typeUntil("echo started-$((6 * 7)); sleep 1000", "started-42");
        terminal.press("C-c");
        terminal.typeUntil("echo status-$?", "status-130");

        long before = reads();
        terminal.typeUntil("dd if=/dev/vda of=/dev/null bs=1M count=8; echo read-$((6 * 7))", "read-42");
        assertThat(reads()).isGreaterThan(before);
        assertThat(busbar("vdpa", "dev", "show")).contains("disk0: type block", "mic0/block0: type block", "mic0/console0: type console",
                "mic0/net0: type network");
        assertThat(busbar("x100", "link", "mic0")).contains("disk0", "con0", "net0", "block0", "console0");

        terminal.typeUntil("poweroff", "ended=0");
        assertThat(terminal.screen()).containsPattern("busbar: disk0 served [1-9]").containsPattern("busbar: con0 carried [1-9]")
                .containsPattern("busbar: the link of mic0 carried [1-9]\\d* writes");
    }

    private long reads() {
        return CardLink.of(busbar("x100", "-j", "link", "mic0"), "mic0").all("dma_bytes");
    }

    /** Each on a card of its own, with a disk that somebody brings for the first, and what he has added beside them. */
    @Test
    void severalAreOnCardsOfTheirOwnAndReachEachOther() throws IOException {
        Path image = directory.resolve("brought.img");
        Command made = Command.run(BOOT, environment(), List.of("bash", "-c", "source \"$1\" && busbar_guest_make_disk \"$2\"", "bash",
                Distribution.home().resolve("guest/guest.sh").toString(), image.toString()));
        assertThat(made.exit()).as(made.err()).isZero();
        Path devices = Files.writeString(directory.resolve("more.devices"),
                "name extra mgmtdev sim_block backend memory size 1M driver_override vop-mic0\n");
        terminal.open(120, 50, line("--card --guests 2 --no-passt --disk " + image + " --devices " + devices
                + " --address 192.168.7.5/24"));
        terminal.shows(PROMPT, BOOT);
        terminal.typeUntil("ping -c 2 mic1 | grep received", "2 packets received");
        terminal.typeUntil("hostname; ip -4 -o address show dev eth0 | sed 's/.*inet /eth0-has-/'", "eth0-has-192.168.7.5");
        terminal.typeUntil("echo own-$(($(cat /sys/block/vda/size) / 2048))", "own-256");
        assertThat(busbar("x100", "list")).contains("mic0", "mic1");
        assertThat(busbar("console", "list")).contains("con0", "con1");
        terminal.typeUntil("exit", "ended=0");
        assertThat(terminal.screen()).containsPattern("busbar: the link of mic1 carried [1-9]");
    }

    @Test
    void closingTheTerminalEndsTheCardsLinuxAndBusbar() {
        terminal.open(100, 40, line("--card --no-net"));
        terminal.shows(PROMPT, BOOT);
        assertThat(StateProcesses.of(directory.resolve("state"))).isNotEmpty();
        terminal.close();
        assertNothingRuns();
    }

    @Test
    void whoLeavesTheConsoleEndsTheCardByControlC() {
        terminal.open(100, 40, line("--card --no-net"));
        terminal.shows(PROMPT, BOOT);
        terminal.press("C-]");
        terminal.shows("the guest goes on: Enter brings you back");
        terminal.press("C-c");
        assertNothingRuns();
    }

    private void assertNothingRuns() {
        StateProcesses.assertNone(directory.resolve("state"));
    }
}
