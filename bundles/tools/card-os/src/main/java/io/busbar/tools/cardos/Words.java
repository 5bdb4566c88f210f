package io.busbar.tools.cardos;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words behind a command, taken one by one. One that is missing, too many or wrong is an {@link IllegalArgumentException}. */
final class Words {

    private static final Pattern NUMBER = Pattern.compile("([0-9]{1,18})([KMG]?)");
    private static final String UNITS = "KMG";
    private static final int BITS_OF_A_UNIT = 10;

    private final List<String> words;
    private final String usage;
    private int at;

    Words(List<String> words, String usage) {
        this.words = words;
        this.usage = usage;
    }

    boolean isEmpty() {
        return at == words.size();
    }

    /** Takes the next word. */
    String next() {
        if (isEmpty()) {
            throw new IllegalArgumentException("a word is missing: expected " + usage);
        }
        return words.get(at++);
    }

    /** Takes the rest, with one space between each two. */
    String rest() {
        String rest = String.join(" ", words.subList(at, words.size()));
        at = words.size();
        return rest;
    }

    /**
     * Takes a number.
     *
     * @param what  it is
     * @param least the smallest
     * @param most  the largest
     */
    long number(String what, long least, long most) {
        String word = next();
        Matcher matcher = NUMBER.matcher(word);
        boolean right = matcher.matches();
        long value = 0;
        if (right) {
            long unit = 1L << BITS_OF_A_UNIT * (matcher.group(2).isEmpty() ? 0 : UNITS.indexOf(matcher.group(2)) + 1);
            value = Long.parseLong(matcher.group(1));
            right = value <= most / unit;
            value *= unit;
        }
        if (!right || value < least || value > most) {
            throw new IllegalArgumentException(what + " \"" + word + "\": expected " + least + " to " + most);
        }
        return value;
    }

    /** There must be no more words. */
    void end() {
        if (!isEmpty()) {
            throw new IllegalArgumentException("\"" + words.get(at) + "\" is a word too many: expected " + usage);
        }
    }
}
