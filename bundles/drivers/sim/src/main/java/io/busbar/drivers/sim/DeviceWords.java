package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendException;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A user's words, split among those that understand them: the software device itself, the device model, and the backend,
 * which has the rest.
 *
 * @param backend  name of the backend
 * @param readOnly whether the device is read-only
 * @param dma      which translation it shows
 * @param hold     what becomes of requests while the backend is away
 * @param model    the model's words
 * @param settings the backend's words, in their order
 */
record DeviceWords(
        String backend,
        boolean readOnly,
        DmaKind dma,
        HoldPolicy hold,
        Map<String, String> model,
        Map<String, String> settings) {

    /** Names the backend. */
    static final String BACKEND = "backend";

    /** A backend's capacity, which a resize changes. */
    static final String SIZE = "size";

    /** Makes the device read-only. */
    static final String READ_ONLY = "readonly";

    /** Chooses the translation. */
    static final String DMA = "dma";

    /** The words of the software device itself. */
    static final List<AttributeInfo> ATTRIBUTES = List.of(
            new AttributeInfo(BACKEND, "NAME", "Where the bytes go; what follows are the backend's own words."),
            new AttributeInfo(READ_ONLY, "on|off", "Whether a driver cannot write; default off."),
            new AttributeInfo(DMA, "device|platform|incremental", "Who translates the driver's addresses: the device by"
                    + " whole tables, the bus, or the device range by range; default device."),
            new AttributeInfo(HoldPolicy.WORD, "hold|fail|remove", "What becomes of requests while the backend is away: they"
                    + " wait, they fail after a time, or the device is removed after it; default hold."),
            new AttributeInfo(HoldPolicy.AFTER_WORD, "SECONDS", "How long requests wait before they fail or the device is"
                    + " removed, 0 to 86400; default 30."));

    /**
     * Splits words.
     *
     * @param words      all of them
     * @param modelWords names of the model's
     * @param known      names of the backends that are there, for the sentence
     * @throws VdpaException EINVAL if the backend is missing or a value is wrong
     */
    static DeviceWords split(Map<String, String> words, Set<String> modelWords, List<String> known)
            throws VdpaException {
        Map<String, String> model = new LinkedHashMap<>();
        Map<String, String> settings = new LinkedHashMap<>(words);
        String backend = settings.remove(BACKEND);
        String readOnly = settings.remove(READ_ONLY);
        String dma = settings.remove(DMA);
        String noBackend = settings.remove(HoldPolicy.WORD);
        String noBackendAfter = settings.remove(HoldPolicy.AFTER_WORD);
        if (backend == null || backend.isEmpty()) {
            throw new VdpaException(VdpaError.EINVAL, "backend is missing: expected backend NAME, " + oneOf(known));
        }
        modelWords.forEach(word -> {
            if (settings.containsKey(word)) {
                model.put(word, settings.remove(word));
            }
        });
        return new DeviceWords(
                backend,
                onOff(READ_ONLY, readOnly),
                dma == null ? DmaKind.DEVICE : DmaKind.of(dma),
                HoldPolicy.of(noBackend, noBackendAfter),
                model,
                settings);
    }

    /** Returns the same words for a backend that can be written. */
    DeviceWords writable() {
        return new DeviceWords(backend, false, dma, hold, model, settings);
    }

    private static boolean onOff(String word, String value) throws VdpaException {
        if (value != null && !value.equals("on") && !value.equals("off")) {
            throw new VdpaException(VdpaError.EINVAL, word + " " + value + ": expected on or off");
        }
        return "on".equals(value);
    }

    /** Returns whether a word is the software device's own. */
    static boolean isOfDevice(String word) {
        return ATTRIBUTES.stream().anyMatch(attribute -> attribute.name().equals(word));
    }

    /** Says which backends there are, for sentences. */
    static String oneOf(List<String> known) {
        return known.isEmpty() ? "but none is there" : "one of " + String.join(", ", known);
    }

    /**
     * Says that nobody knows some words.
     *
     * @param unknown    the words
     * @param modelWords what the model knows
     * @param asked      what the backend asked for
     */
    BackendException unknown(Set<String> unknown, Set<String> modelWords, Set<String> asked) {
        StringBuilder sentence = new StringBuilder("unknown word");
        unknown.forEach(word -> sentence.append(' ').append(word));
        Set<String> ofBackend = new TreeSet<>(asked);
        ofBackend.removeAll(modelWords);
        sentence.append(": backend ").append(backend).append(" knows ").append(list(ofBackend));
        sentence.append("; its device knows ").append(list(modelWords));
        sentence.append("; every device knows ")
                .append(ATTRIBUTES.stream().map(AttributeInfo::name).collect(Collectors.joining(", ")));
        return new BackendException(BackendException.Kind.CONFIG_INVALID, sentence.toString());
    }

    private static String list(Set<String> words) {
        return words.isEmpty() ? "no word" : String.join(", ", new TreeSet<>(words));
    }
}
