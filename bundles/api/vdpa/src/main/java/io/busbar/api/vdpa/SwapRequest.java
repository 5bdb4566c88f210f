package io.busbar.api.vdpa;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a user asked for: {@code backend swap disk0 file path FILE}.
 *
 * @param backend  name of the new backend, which may be that of the old one
 * @param words    the new backend's words, in their order; empty, with the name of the old one, for the old one's words
 * @param deadline how long requests in flight may take to end, above 0
 * @param dryRun   whether all is done up to the point where the old backend would be let go, and then taken back
 * @param force    whether requests that do not end by the deadline are taken away from the old backend, and done by the new one
 * @param copy     told how far the copy of the disk's content has come; empty if the content is not to be copied
 */
public record SwapRequest(
        String backend, Map<String, String> words, Duration deadline, boolean dryRun, boolean force, Optional<CopyWatch> copy) {

    /** Copies the words. */
    public SwapRequest {
        Objects.requireNonNull(backend, "backend");
        Objects.requireNonNull(deadline, "deadline");
        Objects.requireNonNull(copy, "copy");
        words = Collections.unmodifiableMap(new LinkedHashMap<>(words));
    }

    /**
     * What a user asked for without a copy.
     *
     * @param backend  name of the new backend
     * @param words    its words
     * @param deadline for requests in flight
     * @param dryRun   whether it is only tried out
     * @param force    whether it may take requests away
     */
    public SwapRequest(String backend, Map<String, String> words, Duration deadline, boolean dryRun, boolean force) {
        this(backend, words, deadline, dryRun, force, Optional.empty());
    }

    /**
     * What a user asked for without force.
     *
     * @param backend  name of the new backend
     * @param words    its words
     * @param deadline for requests in flight
     * @param dryRun   whether it is only tried out
     */
    public SwapRequest(String backend, Map<String, String> words, Duration deadline, boolean dryRun) {
        this(backend, words, deadline, dryRun, false);
    }
}
