package io.busbar.drivers.sim;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What becomes of a device, and of its requests, while its backend is away.
 *
 * @param then  what is done
 * @param after for how long requests are held before that; zero where they are held for ever
 */
record HoldPolicy(Then then, Duration after) {

    /** The word that chooses what is done. */
    static final String WORD = "no_backend";

    /** The word for after how long it is done. */
    static final String AFTER_WORD = "no_backend_after";

    /** Requests wait until a backend is there. */
    static final HoldPolicy HOLD = new HoldPolicy(Then.HOLD, Duration.ZERO);

    private static final int DEFAULT_SECONDS = 30;
    private static final int MAX_SECONDS = 86_400;

    /** What is done. */
    enum Then {
        /** Requests wait until a backend is there. */
        HOLD,
        /** Requests fail until a backend is there. */
        FAIL,
        /** The device is removed from the bus. */
        REMOVE;

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Reads a user's words.
     *
     * @param then  value of {@value #WORD}, or null
     * @param after value of {@value #AFTER_WORD}, or null
     * @throws VdpaException EINVAL for another value, or a time without a need for one
     */
    static HoldPolicy of(String then, String after) throws VdpaException {
        Then chosen = then == null ? Then.HOLD : chosen(then);
        if (chosen != Then.HOLD) {
            return new HoldPolicy(chosen, Duration.ofSeconds(after == null ? DEFAULT_SECONDS : seconds(after)));
        }
        if (after != null) {
            throw invalid(AFTER_WORD + " " + after + ": expected " + WORD + " fail or " + WORD
                    + " remove with it; without them requests are held for ever");
        }
        return HOLD;
    }

    private static Then chosen(String word) throws VdpaException {
        for (Then then : Then.values()) {
            if (then.word().equals(word)) {
                return then;
            }
        }
        throw invalid(WORD + " " + word + ": expected one of "
                + Arrays.stream(Then.values()).map(Then::word).collect(Collectors.joining(", ")));
    }

    private static int seconds(String text) throws VdpaException {
        try {
            int seconds = Integer.parseInt(text);
            if (seconds >= 0 && seconds <= MAX_SECONDS) {
                return seconds;
            }
        } catch (NumberFormatException _) {
            // The same sentence as for a number that is out of range.
        }
        throw invalid(AFTER_WORD + " " + text + ": expected seconds, 0 to " + MAX_SECONDS);
    }

    private static VdpaException invalid(String sentence) {
        return new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, sentence, null);
    }
}
