package io.busbar.tools.plug;

import io.busbar.api.command.CommandCall;
import io.busbar.api.command.ShellCommand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What the commands have in common: options among the words, and how what is refused is told. */
abstract class PlugCommand implements ShellCommand {

    static final String VOLATILE = "--volatile";
    static final String TIMEOUT = "--timeout";
    static final String FORCE = "--force";
    static final String HOLD = "--hold";
    private static final int MAX_MILLIS = 600_000;

    private final String name;
    private final String summary;
    private final String help;
    private final Set<String> options;

    PlugCommand(String name, String summary, String help, Set<String> options) {
        this.name = name;
        this.summary = summary;
        this.help = help;
        this.options = options;
    }

    /**
     * The words of a call.
     *
     * @param words   what is no option
     * @param options those without a value that were given
     * @param timeout how long requests may take to end
     */
    record Words(List<String> words, Set<String> options, Duration timeout) {}

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final String summary() {
        return summary;
    }

    @Override
    public final String help() {
        return help;
    }

    @Override
    public final int run(CommandCall call) {
        try {
            call.out(run(parse(call.words()), call));
            return OK;
        } catch (PlugException e) {
            call.err(name + ": " + e.getMessage() + "\n");
            return FAILED;
        }
    }

    private Words parse(List<String> all) throws PlugException {
        List<String> words = new ArrayList<>();
        List<String> given = new ArrayList<>();
        Duration timeout = Plugs.DEADLINE;
        for (int i = 0; i < all.size(); i++) {
            String word = all.get(i);
            if (!word.startsWith("-")) {
                words.add(word);
            } else if (!options.contains(word)) {
                throw new PlugException("\"" + word + "\" is no option; expected "
                        + (options.isEmpty() ? "none" : "one of: " + String.join(", ", options.stream().sorted().toList())));
            } else if (word.equals(TIMEOUT)) {
                i++;
                timeout = millis(i < all.size() ? all.get(i) : "");
            } else {
                given.add(word);
            }
        }
        return new Words(words, Set.copyOf(given), timeout);
    }

    private static Duration millis(String word) throws PlugException {
        try {
            int millis = Integer.parseInt(word);
            if (millis >= 1 && millis <= MAX_MILLIS) {
                return Duration.ofMillis(millis);
            }
        } catch (NumberFormatException _) {
            // As any other that is none.
        }
        throw new PlugException("--timeout \"" + word + "\": expected milliseconds, 1 to " + MAX_MILLIS);
    }

    /**
     * Does it.
     *
     * @return what is printed
     */
    abstract String run(Words words, CommandCall call) throws PlugException;

    static Plugged.Stay stay(Words words) {
        return words.options().contains(VOLATILE) ? Plugged.Stay.VOLATILE : Plugged.Stay.KEPT;
    }

    static String lines(List<String> lines) {
        return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
    }

    @Override
    public List<String> complete(List<String> before) {
        return List.copyOf(options);
    }
}
