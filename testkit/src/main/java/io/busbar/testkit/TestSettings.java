package io.busbar.testkit;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.Settings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Settings from words: {@code TestSettings.of("path", "/x", "size", "1G")}. */
public final class TestSettings implements Settings {

    private static final String SUFFIXES = "KMGT";

    private final Map<String, String> words = new HashMap<>();

    private TestSettings() {
    }

    /** Makes settings of names and values in turn. */
    public static TestSettings of(String... namesAndValues) {
        TestSettings settings = new TestSettings();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            settings.words.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return settings;
    }

    @Override
    public String required(String name) throws BackendException {
        return text(name).orElseThrow(() -> invalid(name + ": expected a value"));
    }

    @Override
    public Optional<String> text(String name) {
        return Optional.ofNullable(words.get(name));
    }

    @Override
    public OptionalLong size(String name) throws BackendException {
        String text = words.get(name);
        if (text == null) {
            return OptionalLong.empty();
        }
        int power = text.isEmpty() ? -1 : SUFFIXES.indexOf(text.charAt(text.length() - 1));
        try {
            long number = Long.parseLong(power < 0 ? text : text.substring(0, text.length() - 1));
            if (number > 0) {
                return OptionalLong.of(number << 10 * (power + 1));
            }
        } catch (NumberFormatException notNumber) {
            // Said below, as for every other text that is no size.
        }
        throw invalid(name + " " + text + ": expected a size such as 512M");
    }

    @Override
    public boolean flag(String name, boolean unset) throws BackendException {
        return choice(name, unset ? "on" : "off", unset ? "off" : "on").equals("on");
    }

    @Override
    public String choice(String name, String... choices) throws BackendException {
        String text = words.getOrDefault(name, choices[0]);
        if (!List.of(choices).contains(text)) {
            throw invalid(name + " " + text + ": expected one of " + String.join(", ", choices));
        }
        return text;
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(BackendException.Kind.CONFIG_INVALID, sentence);
    }
}
