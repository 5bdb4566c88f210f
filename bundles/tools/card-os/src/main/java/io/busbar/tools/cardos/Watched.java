package io.busbar.tools.cardos;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** A value that changes by itself, and is told when it has. One thread. */
final class Watched<T> {

    private final Supplier<T> now;
    private final Function<T, String> sentence;
    private T last;

    /**
     * Looks for the first time.
     *
     * @param now      the value
     * @param sentence that tells a new one
     */
    Watched(Supplier<T> now, Function<T, String> sentence) {
        this.now = now;
        this.sentence = sentence;
        last = now.get();
    }

    /** Returns a sentence if the value is another one than at the last look. */
    Optional<String> look() {
        T value = now.get();
        if (value.equals(last)) {
            return Optional.empty();
        }
        last = value;
        return Optional.of(sentence.apply(value));
    }
}
