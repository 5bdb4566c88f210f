package io.busbar.tools.shell.osgi;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import io.busbar.tools.shell.commands.BackendCommand;
import io.busbar.tools.shell.commands.BlkCommand;
import io.busbar.tools.shell.commands.BlockCommand;
import io.busbar.tools.shell.commands.ConCommand;
import io.busbar.tools.shell.commands.ConsoleCommand;
import io.busbar.tools.shell.commands.DriverCommand;
import io.busbar.tools.shell.commands.HelpCommand;
import io.busbar.tools.shell.commands.ModelCommand;
import io.busbar.tools.shell.commands.NetCommand;
import io.busbar.tools.shell.commands.PluggedCommand;
import io.busbar.tools.shell.commands.StatusCommand;
import io.busbar.tools.shell.vdpa.VdpaCommand;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.felix.service.command.Function;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * The commands, and each of them as a function of Gogo, which has redirected the thread's {@code System.out} and {@code
 * System.err} to the session or the pipe.
 */
@Component(service = ShellCommands.class)
public final class ShellCommands {

    /** Gogo's scope of the commands. */
    public static final String SCOPE = "busbar";

    /** The variable that has the exit status of the last command; what a function returns, Gogo would print into a pipe. */
    public static final String EXIT_STATUS = "exit_status";

    /** The variable that has the client, where it can type while a command runs. */
    static final String DIALOGUE = ".busbar.dialogue";

    /** The variable that has who reads what is printed, at the end of all pipes. */
    static final String READER = ".busbar.reader";

    private final List<Command> own;
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
                new ConsoleCommand(inventory),
                new ConCommand(inventory),
                new BackendCommand(inventory),
                new DriverCommand(inventory),
                new ModelCommand(inventory)));
        commands.add(new HelpCommand(this::others));
        own = List.copyOf(commands);
        table = new CommandTable(
                own, () -> inventory.commands().stream().<Command>map(PluggedCommand::new).toList());
    }

    private List<Command> others() {
        return table.commands().stream().filter(command -> !(command instanceof HelpCommand)).toList();
    }

    /** Returns all of them. */
    public CommandTable table() {
        return table;
    }

    /** Returns the names of those that no bundle can take away. */
    List<String> ownNames() {
        return own.stream().map(Command::name).toList();
    }

    /**
     * Returns a command as a function of Gogo.
     *
     * @param name the command
     */
    Function function(String name) {
        return (session, words) -> {
            List<String> args = words.stream().map(String::valueOf).toList();
            Invocation call = new Invocation(
                    Stream.concat(Stream.of(name), args.stream()).toList(),
                    new Streams(System.out, System.err, session.get(READER) instanceof Output reader ? reader : null),
                    session.currentDir().toAbsolutePath(),
                    session.get(DIALOGUE) instanceof Dialogue dialogue ? Optional.of(dialogue) : Optional.empty());
            session.put(EXIT_STATUS, table.run(call));
            return null;
        };
    }

    /** Output as streams, which do not say whether anybody reads them; the reader does, if it is known. */
    private record Streams(PrintStream outStream, PrintStream errStream, Output reader) implements Output {

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

        /** All that was printed is there already. */
        @Override
        public void whenAnswered(Runnable last) {
            last.run();
        }

        @Override
        public boolean isGone() {
            return reader != null && reader.isGone();
        }
    }
}
