package io.busbar.api.vdpa;

import java.util.Objects;

/**
 * Whether a part is up, and if not, why.
 *
 * @param reason   {@link Reason#NONE} if nothing is wrong
 * @param sentence for the user; empty if nothing is wrong
 */
public record Health(Reason reason, String sentence) {

    /** Nothing is wrong. */
    public static final Health OK = new Health(Reason.NONE, "");

    /** Checks that both are there. */
    public Health {
        Objects.requireNonNull(reason, "reason");
        Objects.requireNonNull(sentence, "sentence");
    }

    /** Returns whether nothing is wrong. */
    public boolean ok() {
        return reason == Reason.NONE;
    }
}
