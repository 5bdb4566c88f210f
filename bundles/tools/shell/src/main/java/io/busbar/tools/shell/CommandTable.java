package io.busbar.tools.shell;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All commands by name: Busbar's own, which are always the same, and those that bundles have brought. */
public final class CommandTable {

    private static final Logger LOG = LoggerFactory.getLogger(CommandTable.class);

    private final List<Command> own;
    private final Supplier<List<Command>> plugged;

    /**
     * Makes the table.
     *
     * @param own     in the order in which they are listed
     * @param plugged those of bundles, which may change; one whose name is taken does not count
     */
    public CommandTable(List<Command> own, Supplier<List<Command>> plugged) {
        this.own = List.copyOf(own);
        this.plugged = plugged;
    }

    /** Returns the commands that there are now. */
    public Collection<Command> commands() {
        return byName().values();
    }

    private Map<String, Command> byName() {
        Map<String, Command> commands = new LinkedHashMap<>();
        own.forEach(command -> commands.put(command.name(), command));
        plugged.get().forEach(command -> commands.putIfAbsent(command.name(), command));
        return commands;
    }

    /**
     * Returns a command.
     *
     * @param name its first word
     */
    public Optional<Command> command(String name) {
        return Optional.ofNullable(byName().get(name));
    }

    /**
     * Runs a command line.
     *
     * @param call the command's name and its words
     * @return the exit status; {@link Command#USAGE} with a sentence if there is no such command
     */
    public int run(Invocation call) {
        if (call.args().isEmpty()) {
            call.output().err("a command was expected, one of: " + names() + "\n");
            return Command.USAGE;
        }
        String name = call.args().getFirst();
        Command command = byName().get(name);
        if (command == null) {
            call.output().err("\"" + name + "\" is no command; expected one of: " + names() + "\n");
            return Command.USAGE;
        }
        return run(command, new Invocation(
                call.args().subList(1, call.args().size()), call.output(), call.cwd(), call.dialogue()));
    }

    /**
     * Runs a command. One that fails in a way that it did not foresee, because what it worked on was just unplugged, is
     * told like any other failure.
     *
     * @param command the command
     * @param call    its words
     * @return the exit status
     */
    public static int run(Command command, Invocation call) {
        try {
            return command.run(call);
        } catch (RuntimeException | Error e) {
            // Also an error: a class of a bundle that is gone, or a stack that one command has used up.
            LOG.warn("command {} {} failed", command.name(), call.args(), e);
            call.output().err(command.name() + ": failed, the log says where: " + e + "\n");
            return Command.FAILED;
        }
    }

    /**
     * Proposes the words that fit at the end of a line.
     *
     * @param line the line up to the cursor; its last word may have begun
     * @return whole words, sorted
     */
    public List<String> complete(String line) {
        // Only what stands after the last separator of commands counts.
        String last = line.substring(Math.max(line.lastIndexOf(';'), line.lastIndexOf('|')) + 1).stripLeading();
        List<String> words = new ArrayList<>(List.of(last.split("\\s+", -1)));
        String begun = words.removeLast();
        List<String> proposals = words.isEmpty()
                ? List.copyOf(byName().keySet())
                : command(words.getFirst())
                        .map(command -> command.complete(words.subList(1, words.size())))
                        .orElse(List.of());
        return List.copyOf(new TreeSet<>(
                proposals.stream().filter(word -> proposed(word, begun)).toList()));
    }

    /** Options are proposed once their dash was typed. */
    private static boolean proposed(String word, String begun) {
        return word.startsWith(begun) && (!begun.isEmpty() || !word.startsWith("-"));
    }

    private String names() {
        return String.join(", ", byName().keySet());
    }
}
