package io.busbar.tools.shell.vdpa;

import java.util.ArrayList;
import java.util.List;

/**
 * The options of the command line, which may stand anywhere before {@code --}; short ones combine ({@code -jp}), long
 * ones may be cut short where that is unambiguous. As with {@code getopt_long}, the first of {@code -V} and {@code -h}
 * ends the reading.
 *
 * @param action  what the options alone ask for
 * @param json    {@code -j}: JSON
 * @param pretty  {@code -p}: JSON with line ends
 * @param detail  {@code -d}, ours: more fields
 * @param forget  {@code --volatile}, ours: what is added does not come back at the next start
 * @param words   all else, in order
 */
record VdpaOptions(Action action, boolean json, boolean pretty, boolean detail, boolean forget, List<String> words) {

    /** What the options alone ask for. */
    enum Action {
        /** The words say what to do. */
        RUN,
        /** Print the version. */
        VERSION,
        /** Print the usage. */
        USAGE
    }

    private enum Option {
        VERSION('V', "Version"),
        JSON('j', "json"),
        PRETTY('p', "pretty"),
        HELP('h', "help"),
        // The usage text of the tool promises -n, and its getopt string has s; neither does anything.
        NO_NICE_NAMES('n', "no-nice-names"),
        STATISTICS('s', "statistics"),
        DETAIL('d', "detail"),
        VOLATILE('\0', "volatile");

        private final char letter;
        private final String word;

        Option(char letter, String word) {
            this.letter = letter;
            this.word = word;
        }
    }

    /** The words that completion proposes. */
    static List<String> names() {
        return List.of("-j", "-p", "-jp", "-V", "-d", "--detail", "--volatile");
    }

    static VdpaOptions parse(List<String> args) throws Refusal {
        Builder builder = new Builder();
        for (int i = 0; i < args.size() && builder.action == Action.RUN; i++) {
            String arg = args.get(i);
            if (arg.equals("--")) {
                builder.words.addAll(args.subList(i + 1, args.size()));
                break;
            }
            if (arg.startsWith("--")) {
                builder.take(byWord(arg.substring(2)));
            } else if (arg.startsWith("-") && arg.length() > 1) {
                builder.takeAll(arg.substring(1));
            } else {
                builder.words.add(arg);
            }
        }
        return builder.build();
    }

    private static Option byWord(String word) throws Refusal {
        int value = word.indexOf('=');
        String name = value < 0 ? word : word.substring(0, value);
        Option found = null;
        for (Option option : Option.values()) {
            if (option.word.equals(name)) {
                found = option;
                break;
            }
            if (!name.isEmpty() && option.word.startsWith(name)) {
                found = option;
            }
        }
        if (found == null) {
            throw unknown("unrecognized option '--" + name + "'");
        }
        if (value >= 0) {
            throw unknown("option '--" + found.word + "' doesn't allow an argument");
        }
        return found;
    }

    private static Refusal unknown(String what) {
        return Refusal.lines("vdpa: " + what, "Unknown option.", Usage.VDPA.stripTrailing());
    }

    private static final class Builder {
        private final List<String> words = new ArrayList<>();
        private Action action = Action.RUN;
        private boolean json;
        private boolean pretty;
        private boolean detail;
        private boolean forget;

        void takeAll(String letters) throws Refusal {
            for (int i = 0; i < letters.length() && action == Action.RUN; i++) {
                char letter = letters.charAt(i);
                Option found = null;
                for (Option option : Option.values()) {
                    if (option.letter == letter) {
                        found = option;
                    }
                }
                if (found == null) {
                    throw unknown("invalid option -- '" + letter + "'");
                }
                take(found);
            }
        }

        void take(Option option) {
            switch (option) {
                case VERSION -> action = Action.VERSION;
                case HELP -> action = Action.USAGE;
                case JSON -> json = true;
                case PRETTY -> pretty = true;
                case DETAIL -> detail = true;
                case VOLATILE -> forget = true;
                case NO_NICE_NAMES, STATISTICS -> { }
            }
        }

        VdpaOptions build() {
            return new VdpaOptions(action, json, pretty, detail, forget, List.copyOf(words));
        }
    }
}
