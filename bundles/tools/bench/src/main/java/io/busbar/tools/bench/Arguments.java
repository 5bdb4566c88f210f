package io.busbar.tools.bench;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The words of a command line, taken one by one; the value of an option is its next word, or stands behind {@code =} in
 * the same one. Each method throws {@link UsageException} for a word that is wrong.
 */
public final class Arguments {

    private final Deque<String> words;
    /** The option that was taken last, and the value that stood behind its {@code =} and is not taken yet; or null. */
    private String last;
    private String joined;

    /**
     * Takes the words.
     *
     * @param words in their order
     */
    public Arguments(List<String> words) {
        this.words = new ArrayDeque<>(words);
    }

    /** Returns whether there are more. */
    public boolean hasNext() {
        return joined != null || !words.isEmpty();
    }

    /**
     * Returns the next word; of {@code --option=value} the option alone.
     *
     * @return the word
     * @throws UsageException if the option before it has a value that nobody took
     */
    public String next() throws UsageException {
        if (joined != null) {
            throw new UsageException(last + " takes no value, and has \"" + joined + "\"");
        }
        String word = words.removeFirst();
        int equals = word.indexOf('=');
        if (!word.startsWith("--") || equals < 0) {
            return word;
        }
        last = word.substring(0, equals);
        joined = word.substring(equals + 1);
        return last;
    }

    /**
     * Returns the value of an option.
     *
     * @param option the word that {@link #next()} returned last
     * @return its value
     * @throws UsageException if there is none
     */
    public String value(String option) throws UsageException {
        if (joined != null) {
            String value = joined;
            joined = null;
            return value;
        }
        if (words.isEmpty()) {
            throw new UsageException(option + " needs a value");
        }
        return words.removeFirst();
    }

    /**
     * Returns the value of an option that is a path.
     *
     * @param option as for {@link #value}
     * @return the path, absolute
     * @throws UsageException if there is none, or it is not one
     */
    public Path path(String option) throws UsageException {
        String value = value(option);
        try {
            if (!value.isEmpty()) {
                return Path.of(value).toAbsolutePath().normalize();
            }
        } catch (InvalidPathException e) {
            throw new UsageException(option + " " + value + ": not a path: " + e.getReason());
        }
        throw new UsageException(option + " is empty: a path was expected");
    }

    /**
     * Returns the value of an option that is a number.
     *
     * @param option as for {@link #value}
     * @param least  smallest
     * @param most   largest
     * @return the number
     * @throws UsageException if there is none, or it is out of range
     */
    public double number(String option, double least, double most) throws UsageException {
        String value = value(option);
        try {
            double number = Double.parseDouble(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw new UsageException(option + " " + value + ": expected a number, " + plain(least) + " to " + plain(most));
    }

    /**
     * Returns the value of an option that is a whole number; as {@link #number}.
     *
     * @param option as for {@link #value}
     * @param least  smallest
     * @param most   largest
     * @return the number
     * @throws UsageException if there is none, or it is out of range
     */
    public int whole(String option, int least, int most) throws UsageException {
        double number = number(option, least, most);
        if (number != Math.rint(number)) {
            throw new UsageException(option + " " + number + ": expected a whole number");
        }
        return (int) number;
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
