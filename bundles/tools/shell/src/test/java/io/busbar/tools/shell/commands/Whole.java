package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.CommandTable;
import io.busbar.tools.shell.Invocation;
import java.util.List;

/** The whole table as one command, whose words begin with the command's name. */
record Whole(CommandTable table) implements Command {

    @Override
    public String name() {
        return "";
    }

    @Override
    public String summary() {
        return "";
    }

    @Override
    public String help() {
        return "";
    }

    @Override
    public int run(Invocation call) {
        return table.run(call);
    }

    @Override
    public List<String> complete(List<String> before) {
        return List.of();
    }
}
