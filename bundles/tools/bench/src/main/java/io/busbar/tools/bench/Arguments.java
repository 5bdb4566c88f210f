package io.busbar.tools.bench;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** The words of a command line, taken one by one. Each method throws {@link UsageException} for a word that is wrong. */
public final class Arguments {

    private final Deque<String> words;

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
        return !words.isEmpty();
    }

    /** Returns the next word. */
    public String next() {
        return words.removeFirst();
    }

    /**
     * Returns the value of an option.
     *
     * @param option whose value is the next word
     * @return the word
     * @throws UsageException if there is none
     */
    public String value(String option) throws UsageException {
        if (words.isEmpty()) {
            throw new UsageException(option + " needs a value");
        }
        return words.removeFirst();
    }

    /**
     * Returns the value of an option that is a path.
     *
     * @param option whose value is the next word
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
     * @param option whose value is the next word
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
