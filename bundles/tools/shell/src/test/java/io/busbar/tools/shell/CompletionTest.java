package io.busbar.tools.shell;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.BusSnapshot.Part;
import io.busbar.api.vdpa.Health;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder;
import io.busbar.tools.shell.osgi.ShellCommands;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CompletionTest {

    private final FakeInventory inventory = FakeInventory.busbar();
    private final CommandTable table = new ShellCommands(inventory).table();

    @BeforeEach
    void aDisk() {
        inventory.host.parts.add(new Part(Kind.BUS_DRIVER, "", "vhost-user", "io.busbar.busdrivers 0.1.0", Health.OK));
        assertThat(Recorder.run(table.command("vdpa").orElseThrow(), "dev add name disk0 mgmtdev sim_block").both())
                .isEmpty();
    }

    @Test
    void the_first_word_is_a_command_also_after_a_separator() {
        assertThat(table.complete("b")).containsExactly("backend", "blk", "block");
        assertThat(table.complete("vdpa dev show; sta")).containsExactly("status");
        assertThat(table.complete("nosuch ")).isEmpty();
    }

    @Test
    void objects_commands_and_devices_follow_each_other() {
        assertThat(table.complete("vdpa ")).containsExactly("dev", "help", "mgmtdev");
        assertThat(table.complete("vdpa dev s")).containsExactly("set", "show");
        assertThat(table.complete("vdpa -jp dev show ")).containsExactly("disk0");
        assertThat(table.complete("vdpa dev del d")).containsExactly("disk0");
        assertThat(table.complete("vdpa mgmtdev show ")).containsExactly("sim_block");
        assertThat(table.complete("vdpa dev vstats show disk0 qidx ")).containsExactly("0", "1");
        assertThat(table.complete("vdpa dev config show ")).containsExactly("disk0");
        assertThat(table.complete("vdpa dev set name ")).containsExactly("disk0");
    }

    @Test
    void words_and_values_of_a_new_device_come_from_what_was_named() {
        assertThat(table.complete("vdpa dev add name x mgmtdev ")).containsExactly("sim_block");
        assertThat(table.complete("vdpa dev add name x mgmtdev sim_block backend ")).containsExactly("file", "memory");
        assertThat(table.complete("vdpa dev add name x mgmtdev sim_block backend file "))
                .contains("path", "size", "mode", "queues", "readonly", "driver_override")
                .doesNotContain("name", "mgmtdev", "backend");
        assertThat(table.complete("vdpa dev add mgmtdev sim_block readonly ")).containsExactly("off", "on");
        assertThat(table.complete("vdpa dev add mgmtdev sim_block backend file mode m")).containsExactly("mapped");
        assertThat(table.complete("vdpa dev add mgmtdev sim_block driver_override ")).containsExactly("vhost-user");
    }

    @Test
    void backends_of_another_kind_are_not_proposed_nor_are_their_words() {
        assertThat(table.complete("vdpa dev add name x mgmtdev sim_block backend file ")).doesNotContain("frames");
        FakeInventory linux = FakeInventory.linux();
        CommandTable other = new ShellCommands(linux).table();
        assertThat(other.complete("vdpa dev add name x mgmtdev vdpasim_net backend ")).containsExactly("file");
        assertThat(other.complete("vdpa dev add name x mgmtdev vdpasim_net backend file "))
                .contains("frames", "mac").doesNotContain("path");
    }

    @Test
    void options_are_proposed_after_their_dash() {
        assertThat(table.complete("vdpa dev add --v")).containsExactly("--volatile");
        assertThat(table.complete("status -j")).containsExactly("-j", "-jp");
    }

    @Test
    void our_own_commands_complete_their_words() {
        assertThat(table.complete("block ")).containsExactly("resize");
        assertThat(table.complete("block resize ")).containsExactly("disk0");
        assertThat(table.complete("help v")).containsExactly("vdpa");
        assertThat(table.complete("net ")).containsExactly("link");
        assertThat(table.complete("net link ")).isEmpty();
        assertThat(table.complete("net link net0 ")).containsExactly("down", "up");
    }
}
