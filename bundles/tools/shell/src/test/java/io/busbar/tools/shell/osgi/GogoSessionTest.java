package io.busbar.tools.shell.osgi;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.fake.FakeInventory;
import io.busbar.tools.shell.fake.Recorder;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Lines of the shell's language, by the real Gogo. */
class GogoSessionTest {

    private final FakeInventory inventory = FakeInventory.busbar();
    private final ShellCommands commands = new ShellCommands(inventory);
    private final ThreadIOImpl threadIo = new ThreadIOImpl();
    private GogoSession session;

    /** A command that is not ours, at the end of a pipe. */
    public static final class Count {
        /** Prints how many bytes come. */
        public void count() throws Exception {
            System.out.println(System.in.readAllBytes().length + " bytes");
        }
    }

    @BeforeEach
    void start() {
        threadIo.start();
        CommandProcessorImpl processor = new CommandProcessorImpl(threadIo);
        for (String name : commands.ownNames()) {
            processor.addCommand(ShellCommands.SCOPE, commands.function(name), name);
        }
        processor.addCommand("test", new Count(), "count");
        session = new GogoSession(commands.table(), processor);
    }

    @AfterEach
    void stop() {
        session.close();
        threadIo.stop();
    }

    private record Printed(int exit, String out, String err) {}

    private Printed line(String line) {
        return line(line, false);
    }

    private Printed line(String line, boolean gone) {
        StringBuilder out = new StringBuilder();
        StringBuilder err = new StringBuilder();
        int exit = session.line(line, Path.of("/home/user"), 80, new io.busbar.tools.shell.Output() {
            @Override
            public synchronized void out(String text) {
                out.append(text);
            }

            @Override
            public synchronized void err(String text) {
                err.append(text);
            }

            @Override
            public void whenAnswered(Runnable last) {
                last.run();
            }

            @Override
            public boolean isGone() {
                return gone;
            }
        }, Optional.empty());
        return new Printed(exit, out.toString(), err.toString());
    }

    @Test
    void commands_of_a_line_run_one_after_the_other_and_the_last_status_counts() {
        Printed printed = line("vdpa dev add name disk0 mgmtdev sim_block backend file path x.img; vdpa -j dev show");
        assertThat(printed.err()).isEmpty();
        assertThat(printed.out()).startsWith("{\"dev\":{\"disk0\":");
        assertThat(printed.exit()).isZero();
        assertThat(inventory.host.lastRequest.attributes()).containsEntry("path", "/home/user/x.img");
        assertThat(line("vdpa dev show; vdpa dev del nosuch").exit()).isOne();
    }

    @Test
    void errors_go_to_the_standard_error() {
        Printed printed = line("vdpa dev del nosuch");
        assertThat(printed.out()).isEmpty();
        assertThat(printed.err()).isEqualTo("Error: vdpa: device not found.\nkernel answers: No such device\n");
    }

    @Test
    void each_command_is_a_function_with_its_words_as_they_are() {
        assertThat(line("help").out().lines().map(command -> command.split(" ")[0]))
                .containsExactlyInAnyOrderElementsOf(commands.ownNames());
        for (String name : commands.ownNames()) {
            assertThat(line(name + " --help").exit()).as(name).isNotEqualTo(Command.USAGE);
        }
        assertThat(line("net link 7 up").err()).contains("\"7\"");
    }

    @Test
    void output_goes_through_pipes() {
        Recorder.Result alone = Recorder.run(commands.table().command("vdpa").orElseThrow(), "mgmtdev show");
        assertThat(line("vdpa mgmtdev show | count").out()).isEqualTo(alone.out().length() + " bytes\n");
    }

    @Test
    void a_copy_for_somebody_who_has_left_is_cancelled() {
        line("vdpa dev add name disk0 mgmtdev sim_block backend file path x.img");
        assertThat(line("backend swap disk0 memory --copy").exit()).isZero();
        assertThat(line("backend swap disk0 memory --copy", true).err()).contains("disk0 keeps its backend: the copy was cancelled");
    }

    @Test
    void variables_last_as_long_as_the_session() {
        line("disk = disk7");
        line("vdpa dev add name $disk mgmtdev sim_block");
        assertThat(inventory.host.device("disk7")).isPresent();
    }

    @Test
    void words_with_wild_cards_stay_as_they_are() {
        line("vdpa dev add name d mgmtdev sim_block backend file path *.img");
        assertThat(inventory.host.lastRequest.attributes()).containsEntry("path", "/home/user/*.img");
    }

    @Test
    void what_is_no_command_is_named() {
        Printed printed = line("nosuch word");
        assertThat(printed.exit()).isEqualTo(Command.USAGE);
        assertThat(printed.err()).isEqualTo("\"nosuch\" is no command; \"help\" lists them\n");
    }

    @Test
    void characters_are_not_torn_apart() {
        assertThat(line("vdpa dev show 'Gerät🦆'; vdpa 'Ü" + "ü".repeat(5000) + "'").err())
                .endsWith("Object \"Ü" + "ü".repeat(5000) + "\" not found\n");
    }
}
