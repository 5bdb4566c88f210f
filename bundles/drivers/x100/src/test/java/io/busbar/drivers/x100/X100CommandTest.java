package io.busbar.drivers.x100;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import io.busbar.api.vop.VopException;
import io.busbar.drivers.x100.card.CardEnds;
import io.busbar.drivers.x100.host.HostEnds;
import io.busbar.drivers.x100.link.LinkEnd;
import io.busbar.drivers.x100.link.LinkSettings;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Timing;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class X100CommandTest {

    private final PciLink link = new PciLink(
            new LinkSettings("mic1", 64, 64, new Timing(Timing.Mode.MODEL, 8000, 256, 24, 900, 1000, 500)));
    private final X100Command command = new X100Command();
    private LinkEnd host;
    private LinkEnd card;

    @BeforeEach
    void start() throws VopException {
        host = HostEnds.start(link);
        card = CardEnds.start(link);
        command.bindLink(link);
    }

    @AfterEach
    void stop() {
        card.close();
        host.close();
        link.close();
    }

    /** What a call printed. */
    private record Answer(int exit, String out, String err) {}

    private Answer run(String... words) {
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        int exit = command.run(new CommandCall() {
            @Override
            public List<String> words() {
                return List.of(words);
            }

            @Override
            public Path directory() {
                return Path.of("/");
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
            public void whenAnswered(Runnable action) {
                action.run();
            }
        });
        return new Answer(exit, out.toString(), err.toString());
    }

    @Test
    void cards_are_listed() {
        assertThat(run("list").out()).isEqualTo("""
                name  node  memory_mib  timing  state    host  card  host_faults  card_faults
                mic1     2          64  model   running  true  true            0            0
                """);
        assertThat(run("-j", "list").out()).isEqualTo("{\"list\":[{\"name\":\"mic1\",\"node\":2,\"memory_mib\":64,\"timing\":\"model\","
                + "\"state\":\"running\",\"host\":true,\"card\":true,\"host_faults\":0,\"card_faults\":0}]}\n");
    }

    @Test
    void what_crossed_the_link_has_its_time_by_the_model() throws Exception {
        try (var memory = card.allocate("test", 4096); var window = host.map(memory.peerAddress(), 4096, host.meter("disk0", 0))) {
            window.copyFrom(0, memory.segment(), 0, 512);
            window.getLong(0);
            host.sendInterrupt(3, host.meter("disk0", 0));
        }
        // 512 bytes in 2 packets of 24 more: 70 ns at 8 bytes a ns. A read: 900 ns and 32 bytes. A doorbell: 28 bytes.
        var rows = JsonParser.parseString(run("link", "mic1", "-j").out()).getAsJsonObject().getAsJsonObject("link").getAsJsonArray("mic1");
        var disk = rows.asList().stream().map(row -> row.getAsJsonObject()).filter(row -> row.get("device").getAsString().equals("disk0"))
                .findFirst().orElseThrow();
        assertThat(disk.toString()).isEqualTo("{\"end\":\"host\",\"device\":\"disk0\",\"queue\":\"0\",\"posted\":1,\"posted_bytes\":512,"
                + "\"reads\":1,\"read_bytes\":8,\"doorbells\":1,\"interrupts\":0,\"dma\":0,\"dma_bytes\":0,\"nanos\":978}");
    }

    @Test
    void doorbells_windows_and_channels_have_their_tables() throws Exception {
        int doorbell = card.nextDoorbell();
        try (var _ = card.requestInterrupt(doorbell, "block0", card.meter("block0", -1), () -> { })) {
            host.sendInterrupt(doorbell, host.meter("disk0", 0));
            assertThat(run("doorbells", "mic1").out()).startsWith("""
                    mic1:
                    of    doorbell  register  offset   interrupt  rung  users
                    host         0  SDBIC0    0x1cc90  vector 0      0
                    """).contains("card         0  APICICR0  0x1a9d0  irq 26        1  block0\n",
                    "card         8  RDMASR0   0x1b180  irq 17        0\n").hasLineCount(22);
        }
        assertThat(run("smpt").out()).isEqualTo("""
                mic1:
                entry  register  host  card          mapped_bytes
                    0  0x0       0x0   0x8000000000         20480
                """);
        assertThat(run("dma").out()).contains("      0  host   true     0x8100000000    64     0     0  0x0               0      0\n",
                "      7  card   true     0x106000        64     0     0  0x0               0      0\n").hasLineCount(10);
    }

    @Test
    void the_page_is_shown() {
        assertThat(run("page", "mic1").out()).contains("     0      4  boot   magic               0xc0ffee00\n",
                "    24      1  end    type                0\n", "\n0000  00 ee ff c0 ff 02 ff ff 00 00 00 00 00 00 00 00\n");
        var page = JsonParser.parseString(run("page", "mic1", "-jp").out()).getAsJsonObject().getAsJsonObject("page").getAsJsonObject("mic1");
        assertThat(page.getAsJsonArray("fields")).hasSize(8);
        assertThat(page.get("hex").getAsString()).startsWith("0000  00 ee ff c0");
        HostEnds.reset(host);
        assertThat(run("page", "mic1")).isEqualTo(new Answer(ShellCommand.FAILED, "", "x100: mic1 has no device page: the card is not started\n"));
    }

    @Test
    void what_cannot_be_shown_is_told() {
        assertThat(run().err()).isEqualTo("x100: a word is missing; expected one of: list, link, page, doorbells, smpt, dma\n");
        assertThat(run("pages").err()).isEqualTo("x100: \"pages\" is unknown; expected one of: list, link, page, doorbells, smpt, dma\n");
        assertThat(run("page").err()).isEqualTo("x100: a card is missing: x100 page CARD; expected one of: mic1\n");
        assertThat(run("link", "mic0").err()).isEqualTo("x100: there is no card \"mic0\"; expected one of: mic1\n");
        assertThat(run("list", "mic1").err()).isEqualTo("x100: \"mic1\" is one word too many\n");
        assertThat(run("list", "-x").err()).isEqualTo("x100: \"-x\" is no option; expected one of: -j, -p, -jp, --json, --pretty\n");
        command.unbindLink(link);
        assertThat(run("dma", "mic1").err()).isEqualTo("x100: there is no card \"mic1\"; there are none\n");
        assertThat(run("list")).isEqualTo(new Answer(ShellCommand.OK, "", ""));
    }

    @Test
    void words_are_proposed() {
        assertThat(command.complete(List.of())).containsExactly("list", "link", "page", "doorbells", "smpt", "dma");
        assertThat(command.complete(List.of("page"))).containsExactly("mic1");
        assertThat(command.complete(List.of("list"))).isEmpty();
        assertThat(command.complete(List.of("page", "mic1"))).isEmpty();
    }
}
