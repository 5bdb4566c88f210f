package io.busbar.tools.shell.commands;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder;
import io.busbar.tools.shell.osgi.ShellCommands;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Commands that bundles bring. */
class PluggedCommandTest {

    private final FakeInventory inventory = FakeInventory.busbar();
    private final CommandTable table = new ShellCommands(inventory).table();

    /** Says its words and where it was called; {@code fail} is refused, {@code break} throws. */
    private record Echo(String name) implements ShellCommand {

        @Override
        public String summary() {
            return "says what it hears";
        }

        @Override
        public String help() {
            return "Usage: " + name + " WORD...\n";
        }

        @Override
        public int run(CommandCall call) {
            if (call.words().contains("break")) {
                throw new IllegalStateException("broken");
            }
            if (call.words().contains("fail")) {
                call.err("no\n");
                return FAILED;
            }
            call.out(call.directory() + " " + call.words() + "\n");
            return OK;
        }

        @Override
        public List<String> complete(List<String> before) {
            if (before.contains("break")) {
                throw new IllegalStateException("broken");
            }
            return List.of("fail", "break", "-x");
        }
    }

    private Recorder.Result run(String words) {
        return Recorder.run(new Whole(table), words);
    }

    @Test
    void one_is_there_as_long_as_its_bundle_and_gets_its_words() {
        assertThat(run("echo a").exit()).isEqualTo(Command.USAGE);
        inventory.commands.add(new Echo("echo"));
        assertThat(run("echo a b").out()).endsWith(" [a, b]\n").startsWith("/");
        assertThat(run("help").out()).contains("echo", "says what it hears");
        assertThat(run("help echo").out()).isEqualTo("Usage: echo WORD...\n");
        assertThat(run("echo --help").out()).isEqualTo("Usage: echo WORD...\n");
        assertThat(table.complete("ec")).containsExactly("echo");
        assertThat(table.complete("echo f")).containsExactly("fail");
        assertThat(run("nosuch").err()).contains("echo");
        inventory.commands.clear();
        assertThat(run("echo a").exit()).isEqualTo(Command.USAGE);
        assertThat(run("help").out()).doesNotContain("echo");
    }

    @Test
    void what_it_refuses_and_what_it_throws_is_told() {
        inventory.commands.add(new Echo("echo"));
        Recorder.Result refused = run("echo fail");
        assertThat(refused.exit()).isEqualTo(Command.FAILED);
        assertThat(refused.err()).isEqualTo("no\n");
        Recorder.Result broken = run("echo break");
        assertThat(broken.exit()).isEqualTo(Command.FAILED);
        assertThat(broken.err()).contains("echo: failed", "broken");
        assertThat(table.complete("echo break ")).isEmpty();
    }

    @Test
    void none_takes_the_name_of_one_of_ours() {
        inventory.commands.add(new Echo("vdpa"));
        assertThat(run("help vdpa").out()).doesNotContain("WORD...");
        assertThat(run("vdpa dev show").out()).isEmpty();
    }
}
