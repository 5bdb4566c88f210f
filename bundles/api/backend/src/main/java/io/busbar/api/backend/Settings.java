package io.busbar.api.backend;

import java.util.Optional;
import java.util.OptionalLong;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What a user configured, as words: {@code path FILE size 1G}. Each getter marks its word as known; after construction
 * a word that nobody asked for is an error that names it. Safe for any thread.
 */
@ProviderType
public interface Settings {

    /**
     * Returns a word's value.
     *
     * @param name the word
     * @throws BackendException if it is missing ({@code CONFIG_INVALID})
     */
    String required(String name) throws BackendException;

    /**
     * Returns a word's value, if it was given.
     *
     * @param name the word
     */
    Optional<String> text(String name);

    /**
     * Returns a size in bytes, if it was given: digits and an optional suffix {@code K}, {@code M}, {@code G} or
     * {@code T} (powers of 1024).
     *
     * @param name the word
     * @throws BackendException if the value is no such size, or not above 0 ({@code CONFIG_INVALID})
     */
    OptionalLong size(String name) throws BackendException;

    /**
     * Returns a switch: {@code on} or {@code off}.
     *
     * @param name  the word
     * @param unset the answer when it was not given
     * @throws BackendException if the value is neither ({@code CONFIG_INVALID})
     */
    boolean flag(String name, boolean unset) throws BackendException;

    /**
     * Returns one of several words.
     *
     * @param name    the word
     * @param choices what may be given; the first is the answer when nothing was given
     * @throws BackendException if the value is none of them ({@code CONFIG_INVALID}); the message lists them
     */
    String choice(String name, String... choices) throws BackendException;
}
