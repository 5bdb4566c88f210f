package io.busbar.api.vdpa;

import java.util.Objects;

/**
 * A word that can be given when a device is added.
 *
 * @param name  the word, such as {@code queues}
 * @param value what follows it, for help texts: {@code N}, {@code on|off}
 * @param text  one sentence: meaning, range, default
 */
public record AttributeInfo(String name, String value, String text) {

    /** Checks that all are there. */
    public AttributeInfo {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(value, "value");
        Objects.requireNonNull(text, "text");
    }
}
