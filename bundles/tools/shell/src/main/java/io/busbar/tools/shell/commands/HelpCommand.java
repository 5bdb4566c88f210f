package io.busbar.tools.shell.commands;

import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.JsonText;
import java.util.List;
import java.util.function.Supplier;

/** {@code help [COMMAND]}. */
public final class HelpCommand extends OwnCommand {

    private final Supplier<List<Command>> others;

    /**
     * Makes the command.
     *
     * @param others the other commands, in the order in which they are listed
     */
    public HelpCommand(Supplier<List<Command>> others) {
        super("help", "this list; help COMMAND: the command's words", "Usage: help [ COMMAND ]\n", List.of());
        this.others = others;
    }

    @Override
    String run(String subcommand, Arguments arguments, List<String> words) throws Wrong {
        if (!words.isEmpty()) {
            end(words.subList(1, words.size()));
            return one(words.getFirst(), arguments);
        }
        if (arguments.json()) {
            JsonText json = new JsonText(arguments.pretty()).open().open("help");
            others.get().forEach(command -> json.property(command.name(), command.summary()));
            return json.property(name(), summary()).close().close().finish();
        }
        Table table = new Table();
        others.get().forEach(command -> table.row(command.name(), command.summary()));
        return table.row(name(), summary()).text("");
    }

    private String one(String name, Arguments arguments) throws Wrong {
        Command command = name.equals(name()) ? this : others.get().stream()
                .filter(other -> other.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new Wrong("\"" + name + "\" is no command; expected one of: "
                        + String.join(", ", others.get().stream().map(Command::name).toList()), USAGE));
        return arguments.json()
                ? new JsonText(arguments.pretty()).open().open("help").property(name, command.help()).close().close().finish()
                : command.help();
    }

    @Override
    List<String> completeWords(List<String> words) {
        return words.isEmpty() ? others.get().stream().map(Command::name).toList() : List.of();
    }
}
