package io.busbar.runtime.client;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which Busbar is asked, and what.
 *
 * @param instance the instance's name
 * @param directory the instance's state
 * @param action what kind of request it is
 * @param words the command, or the words of the line that is to be completed
 * @param columns width of the terminal, 0 if it is not known
 */
record ClientOptions(String instance, Path directory, Action action, List<String> words, int columns) {

    private static final String INSTANCE = "--instance";
    private static final Set<String> VALUED = Set.of(INSTANCE, "--state-dir");

    enum Action {
        /** One command. */
        RUN,
        /** Lines, until the input ends. */
        SHELL,
        /** The words that fit at the end of a line. */
        COMPLETE
    }

    /** The command line is wrong; the message says how. */
    static final class Wrong extends Exception {
        private static final long serialVersionUID = 1;

        Wrong(String message) {
            super(message);
        }
    }

    /**
     * @param args options ({@code --instance NAME}, {@code --state-dir DIR}, or either with {@code =}), then a command, {@code shell}, or
     *     {@code --complete} and the words of a line, whose last may have begun
     * @param env the environment, of which COLUMNS and those of {@link StatePaths} are read
     */
    static ClientOptions parse(List<String> args, Map<String, String> env) throws Wrong {
        var instance = StatePaths.instance(env);
        var root = "";
        var rest = args;
        while (!rest.isEmpty() && VALUED.contains(LongOption.of(rest.getFirst()).name())) {
            var option = LongOption.of(rest.getFirst());
            var taken = option.value().isPresent() ? 1 : 2;
            var value = option.value().orElse(rest.size() < taken ? "" : rest.get(1));
            if (value.isEmpty()) {
                throw new Wrong(option.name() + " needs a value");
            }
            if (option.name().equals(INSTANCE)) {
                instance = value;
            } else {
                root = value;
            }
            rest = rest.subList(taken, rest.size());
        }
        var directory = directory(root, env, instance);
        var action = action(rest);
        var words = action == Action.RUN ? rest : rest.subList(1, rest.size());
        return new ClientOptions(instance, directory, action, words, columns(env));
    }

    private static Path directory(String root, Map<String, String> env, String instance) throws Wrong {
        if (instance.contains("/")) {
            throw new Wrong("\"" + instance + "\" is no name for an instance: it has a \"/\"");
        }
        try {
            var directory = root.isEmpty()
                    ? StatePaths.root(env).orElseThrow(() -> new Wrong("no directory for the state: none of --state-dir,"
                            + " BUSBAR_STATE_DIR, XDG_STATE_HOME and HOME is set"))
                    : Path.of(root).toAbsolutePath();
            return directory.resolve(instance);
        } catch (InvalidPathException e) {
            throw new Wrong("the directory for the state is not a path: " + e.getMessage());
        }
    }

    private static Action action(List<String> words) throws Wrong {
        if (words.isEmpty()) {
            throw new Wrong("a command was expected, such as \"vdpa dev show\", or \"shell\"");
        }
        return switch (words.getFirst()) {
            case "shell" -> {
                if (words.size() > 1) {
                    throw new Wrong("\"shell\" takes no \"" + words.get(1) + "\"");
                }
                yield Action.SHELL;
            }
            case "--complete" -> Action.COMPLETE;
            default -> {
                if (words.getFirst().startsWith("-")) {
                    throw new Wrong("unknown option \"" + words.getFirst() + "\"; --instance NAME and --state-dir DIR"
                            + " were expected, then a command");
                }
                yield Action.RUN;
            }
        };
    }

    private static int columns(Map<String, String> env) {
        var text = env.getOrDefault("COLUMNS", "");
        return text.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(text) : 0;
    }

    Path controlSocket() {
        return directory.resolve("control.sock");
    }

    Path history() {
        return directory.resolve("history");
    }
}
