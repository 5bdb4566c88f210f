package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.Settings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A backend's words, which notes the words that it was asked for. The backend may look at the device's words too, such as
 * {@code mtu}, where it has to do with the same.
 */
final class BackendSettings implements Settings {

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,19})([KMGT]?)");
    private static final String SUFFIXES = "KMGT";
    private static final int BITS_PER_SUFFIX = 10;

    private final String backend;
    private final String help;
    private final Map<String, String> words;
    private final Map<String, String> deviceWords;
    private final Set<String> asked = ConcurrentHashMap.newKeySet();

    /**
     * Makes settings.
     *
     * @param backend name of the backend, for sentences
     * @param help    how its words are written; may be empty
     * @param words   what the user wrote for it; not changed afterwards
     * @param device  what the user wrote for the device; not changed afterwards
     */
    BackendSettings(String backend, String help, Map<String, String> words, Map<String, String> device) {
        this.backend = backend;
        this.help = help;
        this.words = words;
        this.deviceWords = device;
    }

    /** Returns the words that were asked for. */
    Set<String> asked() {
        return Set.copyOf(asked);
    }

    /** Returns the words that were given and that nobody asked for. */
    Set<String> unasked() {
        return words.keySet().stream().filter(word -> !asked.contains(word)).collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public String required(String name) throws BackendException {
        return text(name).orElseThrow(() -> invalid(name + " is missing: backend " + backend + " needs it"
                + (help.isEmpty() ? "" : ", expected " + help)));
    }

    @Override
    public Optional<String> text(String name) {
        String ofDevice = deviceWords.get(name);
        if (ofDevice != null) {
            return Optional.of(ofDevice);
        }
        asked.add(name);
        return Optional.ofNullable(words.get(name));
    }

    @Override
    public OptionalLong size(String name) throws BackendException {
        Optional<String> value = text(name);
        return value.isEmpty() ? OptionalLong.empty() : OptionalLong.of(bytes(name, value.get()));
    }

    private static long bytes(String name, String value) throws BackendException {
        Matcher parts = SIZE.matcher(value);
        if (parts.matches()) {
            int bits = BITS_PER_SUFFIX * (parts.group(2).isEmpty() ? 0 : SUFFIXES.indexOf(parts.group(2)) + 1);
            try {
                long number = Long.parseLong(parts.group(1));
                if (number > 0 && number <= Long.MAX_VALUE >> bits) {
                    return number << bits;
                }
            } catch (NumberFormatException _) {
                // 19 digits, and more than a long holds.
            }
        }
        throw invalid(name + " " + value + ": expected a size above 0 such as 4096, 512K, 64M, 1G or 2T");
    }

    @Override
    public boolean flag(String name, boolean unset) throws BackendException {
        Optional<String> value = text(name);
        if (value.isEmpty()) {
            return unset;
        }
        return switch (value.get()) {
            case "on" -> true;
            case "off" -> false;
            default -> throw invalid(name + " " + value.get() + ": expected on or off");
        };
    }

    @Override
    public String choice(String name, String... choices) throws BackendException {
        String value = text(name).orElse(choices[0]);
        if (!List.of(choices).contains(value)) {
            throw invalid(name + " " + value + ": expected one of " + String.join(", ", choices));
        }
        return value;
    }

    private static BackendException invalid(String sentence) {
        return new BackendException(BackendException.Kind.CONFIG_INVALID, sentence);
    }
}
