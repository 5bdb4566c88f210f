package io.busbar.tools.shell.commands;

import java.util.ArrayList;
import java.util.List;

/**
 * Options and words of our own commands: {@code -j} and {@code -p}, alone or combined, anywhere.
 *
 * @param json   JSON is asked for
 * @param pretty with line ends
 * @param words  all else
 */
record Arguments(boolean json, boolean pretty, List<String> words) {

    /** The options, for completion. */
    static final List<String> OPTIONS = List.of("-j", "-p", "-jp", "--json", "--pretty");

    static Arguments parse(List<String> args) throws Wrong {
        return parse(args, List.of());
    }

    /**
     * Parses a command line.
     *
     * @param own options that the command reads itself, from among its words
     */
    static Arguments parse(List<String> args, List<String> own) throws Wrong {
        boolean json = false;
        boolean pretty = false;
        List<String> words = new ArrayList<>();
        for (String arg : args) {
            switch (arg) {
                case "-j", "--json" -> json = true;
                case "-p", "--pretty" -> pretty = true;
                case "-jp", "-pj" -> {
                    json = true;
                    pretty = true;
                }
                default -> {
                    if (arg.startsWith("-") && !own.contains(arg.split("=", 2)[0])) {
                        throw new Wrong("\"" + arg + "\" is no option; expected one of: " + known(own));
                    }
                    words.add(arg);
                }
            }
        }
        return new Arguments(json, pretty, List.copyOf(words));
    }

    private static String known(List<String> own) {
        return String.join(", ", OPTIONS) + (own.isEmpty() ? "" : ", " + String.join(", ", own));
    }
}
