package io.busbar.backends.switch_;

import static io.busbar.backends.switch_.Frames.ALICE;
import static io.busbar.backends.switch_.Frames.BOB;
import static io.busbar.backends.switch_.Frames.BROADCAST;
import static io.busbar.backends.switch_.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import io.busbar.backends.switch_.capture.Pcapng;
import io.busbar.backends.switch_.host.Dhcp;
import io.busbar.testkit.machine.Eventually;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SwitchCommandTest {

    @TempDir
    private Path directory;

    private final Networks networks = new Networks();
    private final Station alice = Station.plug(networks, "net0", "dhcp", "10.0.5.0/24");
    private final Station bob = Station.plug(networks, "net1", "vlan", "1");
    private final SwitchCommand command = new SwitchCommand(networks);

    private record Said(int exit, String out, String err) {}

    @AfterEach
    void unplug() {
        alice.close();
        bob.close();
    }

    private Said run(String... words) {
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        int exit = command.run(new CommandCall() {
            @Override
            public List<String> words() {
                return List.of(words);
            }

            @Override
            public Path directory() {
                return directory;
            }

            @Override
            public void out(String text) {
                out.append(text);
            }

            @Override
            public void err(String text) {
                err.append(text);
            }

            @Override
            public void whenAnswered(Runnable last) {
                last.run();
            }
        });
        return new Said(exit, out.toString(), err.toString());
    }

    private void lease() {
        bob.send(Dhcp.of(Frames.number(BOB), 3).option(50, 0x0a00_0509L).frame());
        Eventually.that(() -> run("show").out().contains("10.0.5.9 "), () -> run("show").out());
    }

    @Test
    void show_has_ports_with_their_counters_stations_and_addresses() throws Exception {
        try (Station other = Station.tryPlug(networks, "net9", "network", "lan9")) {
            alice.send(frame(BROADCAST, ALICE, "hello"));
            alice.send(frame(BOB, BROADCAST, "from nobody"));
            lease();
            assertThat(other.receive()).isNull();
            Said said = run("show", "lan0");
            assertThat(said.exit()).isEqualTo(ShellCommand.OK);
            assertThat(said.out().lines().toList()).satisfiesExactly(
                    line -> assertThat(line).startsWith("lan0: ports 2 stations 2 dhcp 10.0.5.0/24 server 10.0.5.1 lladdr 02:42:"),
                    line -> assertThat(line.strip().split(" {2,}")).containsExactly(
                            "port", "vlan", "pairs", "in frames", "in bytes", "out frames", "out bytes", "flooded",
                            "learned", "held", "dropped"),
                    line -> assertThat(line.strip().split(" +")).containsExactly(
                            "net0", "1", "1", "2", "44", "0", "0", "1", "1", "0", "1"),
                    line -> assertThat(line).startsWith("  net1  1 "),
                    line -> assertThat(line).isEqualTo("  net0: bad source 1"),
                    line -> assertThat(line.strip().split(" +")).containsExactly("station", "vlan", "port", "age"),
                    line -> assertThat(line).matches("  02:00:00:00:00:0a  1     net0  \\d+s"),
                    line -> assertThat(line).matches("  02:00:00:00:00:0b  1     net1  \\d+s"),
                    line -> assertThat(line.strip().split(" +")).containsExactly("address", "station", "vlan", "port", "left"),
                    line -> assertThat(line).matches("  10\\.0\\.5\\.9  02:00:00:00:00:0b  1     net1  3\\d+s"));
            assertThat(run("show").out()).contains("lan0: ", "lan9: ports 1 stations 0\n");
        }
    }

    @Test
    void show_in_json_has_every_counter() {
        alice.send(frame(BROADCAST, ALICE, "hello"));
        lease();
        JsonObject lan = JsonParser.parseString(run("show", "-j").out()).getAsJsonObject()
                .getAsJsonObject("switch").getAsJsonObject("lan0");
        JsonObject port = lan.getAsJsonObject("ports").getAsJsonObject("net0");
        for (Count count : Count.values()) {
            assertThat(port.has(count.title())).as(count.title()).isTrue();
        }
        assertThat(port.get("in frames").getAsInt()).isOne();
        assertThat(lan.getAsJsonArray("stations")).hasSize(2);
        assertThat(lan.getAsJsonObject("dhcp").getAsJsonArray("leases").get(0).getAsJsonObject().get("address").getAsString())
                .isEqualTo("10.0.5.9");
        assertThat(run("-jp", "show").out()).startsWith("{\n    \"switch\": {\n");
    }

    @Test
    void a_capture_is_started_shown_and_ended() throws Exception {
        assertThat(run("capture", "net0", "a.pcapng")).isEqualTo(new Said(ShellCommand.OK, "", ""));
        alice.send(frame(BROADCAST, ALICE, "hello"));
        Eventually.that(() -> run("show").out().contains(directory.resolve("a.pcapng") + " frames 1 missing 0\n"),
                () -> run("show").out());
        assertThat(JsonParser.parseString(run("show", "-j").out()).toString()).contains("\"frames\":1");
        assertThat(run("capture", "net0", "off").exit()).isEqualTo(ShellCommand.OK);
        assertThat(Pcapng.read(directory.resolve("a.pcapng")).packets()).hasSize(1);
        assertThat(run("show").out()).doesNotContain("capture");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '!', value = {
        "!!                | switch: a word is missing; expected one of: show, capture",
        "nosuch            | switch: \"nosuch\" is unknown; expected one of: show, capture",
        "show -x           | switch: \"-x\" is no option; expected one of: -j, -p, -jp, --json, --pretty",
        "show lan7         | switch: there is no network \"lan7\"; expected one of: lan0",
        "show lan0 lan1    | switch: \"lan1\" is one word too many",
        "capture           | switch: capture needs a port and a file: switch capture PORT FILE, or switch capture PORT off",
        "capture net7 x    | switch: there is no port \"net7\"; expected one of: net0, net1",
        "capture net0 off  | switch: there is no capture of port \"net0\"",
        "capture net0 a b  | switch: \"b\" is one word too many",
        "capture net0 no/x | its directory is not there",
    })
    void what_is_wrong_is_named(String words, String sentence) {
        Said said = words.isEmpty() ? run() : run(words.split(" "));
        assertThat(said.exit()).isEqualTo(ShellCommand.FAILED);
        assertThat(said.out()).isEmpty();
        assertThat(said.err()).contains(sentence).endsWith("\n");
    }

    @Test
    void words_are_proposed() {
        assertThat(command.complete(List.of())).contains("show", "capture");
        assertThat(command.complete(List.of("show"))).contains("lan0");
        assertThat(command.complete(List.of("-j", "capture"))).contains("net0", "net1");
        assertThat(command.complete(List.of("capture", "net0"))).contains("off");
    }
}
