package io.busbar.tools.cardos;

import io.busbar.api.driver.DriverException;
import io.busbar.api.vdpa.VdpaException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Does what is typed at a console: a command and words, separated by spaces. What goes wrong is a sentence that begins with the
 * command's name. Safe for any thread: each console has commands of its own under way.
 */
final class Shell implements Terminal.Commands {

    /** A command. */
    interface Command {

        /**
         * Does it.
         *
         * @param words  behind its name
         * @param output told of each line of the answer
         * @throws IllegalArgumentException names the word that is wrong and what was expected
         * @throws DriverException          if a device could not do it
         * @throws VdpaException            if the bus could not do it
         */
        void run(Words words, Consumer<String> output)
                throws DriverException, VdpaException, InterruptedIOException, InterruptedException;
    }

    /** A command with how it is used. */
    record Entry(String usage, String summary, Command command) {

        String name() {
            return usage.split(" ", 2)[0];
        }
    }

    private final Map<String, Entry> commands = new LinkedHashMap<>();

    /**
     * Makes the commands.
     *
     * @param machine that they work on
     */
    Shell(Machine machine) {
        List<Entry> all = new ArrayList<>();
        all.add(new Entry("help", "lists the commands", this::help));
        all.addAll(SystemCommands.of(machine));
        all.addAll(DiskCommands.of(machine));
        all.addAll(NetCommands.of(machine));
        all.forEach(entry -> commands.put(entry.name(), entry));
    }

    private void help(Words words, Consumer<String> output) {
        words.end();
        int width = commands.values().stream().mapToInt(entry -> entry.usage().length()).max().orElse(0);
        commands.values().forEach(entry -> output.accept(entry.usage() + " ".repeat(width - entry.usage().length()) + "  " + entry.summary()));
    }

    @Override
    public void run(String line, Consumer<String> output) throws InterruptedException {
        List<String> words = List.of(line.strip().split("\\s+"));
        String name = words.getFirst();
        if (name.isEmpty()) {
            return;
        }
        Entry entry = commands.get(name);
        if (entry == null) {
            output.accept(name + ": there is no such command; help lists them");
            return;
        }
        try {
            entry.command().run(new Words(words.subList(1, words.size()), entry.usage()), output);
        } catch (IllegalArgumentException | DriverException | VdpaException e) {
            output.accept(name + ": " + e.getMessage());
        } catch (InterruptedIOException _) {
            throw new InterruptedException();
        }
    }
}
