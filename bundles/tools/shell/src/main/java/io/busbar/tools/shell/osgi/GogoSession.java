package io.busbar.tools.shell.osgi;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import io.busbar.tools.shell.control.Session;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.felix.gogo.runtime.CommandNotFoundException;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;

/** A client's session: commands go to the table, lines to Gogo, whose variables last as long as the connection. */
final class GogoSession implements Session {

    private static final int INSPECT = 0;

    private final CommandTable table;
    private final CommandSession gogo;
    private volatile Output current;

    GogoSession(CommandTable table, CommandProcessor processor) {
        this.table = table;
        this.gogo = processor.createSession(
                InputStream.nullInputStream(),
                new TextStream(text -> current.out(text)),
                new TextStream(text -> current.err(text)));
        gogo.put("SCOPE", ShellCommands.SCOPE + ":*");
        gogo.put(CommandSession.OPTION_NO_GLOB, true);
    }

    @Override
    public int run(Invocation call) {
        return table.run(call);
    }

    @Override
    public int line(String line, Path cwd, int columns, Output output, Optional<Dialogue> dialogue) {
        current = output;
        gogo.put(ShellCommands.DIALOGUE, dialogue.orElse(null));
        gogo.put(ShellCommands.READER, output);
        gogo.currentDir(cwd);
        gogo.put("COLUMNS", columns);
        try {
            gogo.put(ShellCommands.EXIT_STATUS, Command.OK);
            Object result = gogo.execute(line);
            if (result != null) {
                output.out(gogo.format(result, INSPECT) + "\n");
            }
            return gogo.get(ShellCommands.EXIT_STATUS) instanceof Integer status ? status : Command.OK;
        } catch (CommandNotFoundException e) {
            output.err("\"" + e.getCommand() + "\" is no command; \"help\" lists them\n");
            return Command.USAGE;
        } catch (Exception e) {
            output.err(e.getMessage() + "\n");
            return Command.FAILED;
        }
    }

    @Override
    public List<String> complete(String text) {
        return table.complete(text);
    }

    @Override
    public void close() {
        gogo.close();
    }
}
