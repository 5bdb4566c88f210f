package io.busbar.runtime.client;

import java.util.Optional;

/**
 * A word of a command line that may be an option with its value: {@code --name=value}.
 *
 * @param name the word up to the first {@code =}; all of it if there is none, or if it does not begin with two dashes
 * @param value what is behind that, possibly nothing; absent if there is no {@code =}
 */
public record LongOption(String name, Optional<String> value) {

    /**
     * @param word any word
     */
    public static LongOption of(String word) {
        var equals = word.startsWith("--") ? word.indexOf('=') : -1;
        return equals < 0
                ? new LongOption(word, Optional.empty())
                : new LongOption(word.substring(0, equals), Optional.of(word.substring(equals + 1)));
    }

    /**
     * Whether this is just that word, without a value.
     *
     * @param word an option
     */
    public boolean is(String word) {
        return value.isEmpty() && name.equals(word);
    }

    /** The word. */
    @Override
    public String toString() {
        return value.map(text -> name + "=" + text).orElse(name);
    }
}
