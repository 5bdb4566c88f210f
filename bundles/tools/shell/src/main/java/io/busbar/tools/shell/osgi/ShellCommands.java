package io.busbar.tools.shell.osgi;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import io.busbar.tools.shell.commands.BlkCommand;
import io.busbar.tools.shell.commands.BlockCommand;
import io.busbar.tools.shell.commands.BundleCommand;
import io.busbar.tools.shell.commands.DriverCommand;
import io.busbar.tools.shell.commands.HelpCommand;
import io.busbar.tools.shell.commands.NetCommand;
import io.busbar.tools.shell.commands.PartsCommand;
import io.busbar.tools.shell.commands.StatusCommand;
import io.busbar.tools.shell.vdpa.VdpaCommand;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The commands as functions of Gogo, scope {@value #SCOPE}. Gogo has redirected the thread's {@code System.out} and {@code System.err} to the session or the pipe.
 */
@Component(
        service = ShellCommands.class,
        property = {
            "osgi.command.scope=" + ShellCommands.SCOPE,
            "osgi.command.function=vdpa",
            "osgi.command.function=block",
            "osgi.command.function=blk",
            "osgi.command.function=backend",
            "osgi.command.function=driver",
            "osgi.command.function=model",
            "osgi.command.function=bundle",
            "osgi.command.function=status",
            "osgi.command.function=help"
        })
public final class ShellCommands {

    /** Gogo's scope of the commands. */
    public static final String SCOPE = "busbar";

    /** The variable that has the exit status of the last command; what a function returns, Gogo would print into a pipe. */
    public static final String EXIT_STATUS = "exit_status";

    private final CommandTable table;

    /**
     * Makes the commands.
     *
     * @param inventory what they work on
     */
    @Activate
    public ShellCommands(@Reference Inventory inventory) {
        List<Command> commands = new ArrayList<>(List.of(
                new StatusCommand(inventory),
                new VdpaCommand(inventory),
                new BlockCommand(inventory),
                new BlkCommand(inventory),
                new NetCommand(inventory),
                PartsCommand.backends(inventory),
                new DriverCommand(inventory),
                PartsCommand.models(inventory),
                new BundleCommand(inventory)));
        commands.add(new HelpCommand(commands));
        table = new CommandTable(commands);
    }

    /** Returns all of them. */
    public CommandTable table() {
        return table;
    }

    /** {@code vdpa}. */
    public void vdpa(CommandSession session, String[] args) {
        run("vdpa", session, args);
    }

    /** {@code block}. */
    public void block(CommandSession session, String[] args) {
        run("block", session, args);
    }

    /** {@code blk}. */
    public void blk(CommandSession session, String[] args) {
        run("blk", session, args);
    }

    /** {@code backend}. */
    public void backend(CommandSession session, String[] args) {
        run("backend", session, args);
    }

    /** {@code driver}. */
    public void driver(CommandSession session, String[] args) {
        run("driver", session, args);
    }

    /** {@code model}. */
    public void model(CommandSession session, String[] args) {
        run("model", session, args);
    }

    /** {@code bundle}. */
    public void bundle(CommandSession session, String[] args) {
        run("bundle", session, args);
    }

    /** {@code status}. */
    public void status(CommandSession session, String[] args) {
        run("status", session, args);
    }

    /** {@code help}. */
    public void help(CommandSession session, String[] args) {
        run("help", session, args);
    }

    private void run(String name, CommandSession session, String[] args) {
        Output output = new Streams(System.out, System.err);
        Command command = table.command(name).orElseThrow();
        Invocation call = new Invocation(List.of(args), output, session.currentDir().toAbsolutePath());
        session.put(EXIT_STATUS, CommandTable.run(command, call));
    }

    /** Output as streams. */
    private record Streams(PrintStream outStream, PrintStream errStream) implements Output {

        @Override
        public void out(String text) {
            outStream.print(text);
            outStream.flush();
        }

        @Override
        public void err(String text) {
            errStream.print(text);
            errStream.flush();
        }
    }
}
