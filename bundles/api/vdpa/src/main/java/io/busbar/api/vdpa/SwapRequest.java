package io.busbar.api.vdpa;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a user asked for: {@code backend swap disk0 file path FILE}.
 *
 * @param backend  name of the new backend, which may be that of the old one
 * @param words    the new backend's words, in their order; empty, with the name of the old one, for the old one's words
 * @param deadline how long requests in flight may take to end, above 0
 * @param dryRun   whether all is done up to the point where the old backend would be let go, and then taken back
 */
public record SwapRequest(String backend, Map<String, String> words, Duration deadline, boolean dryRun) {

    /** Copies the words. */
    public SwapRequest {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(deadline, "deadline");
        words = Collections.unmodifiableMap(new LinkedHashMap<>(words));
    }
}
