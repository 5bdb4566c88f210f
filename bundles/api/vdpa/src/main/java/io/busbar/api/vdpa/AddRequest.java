package io.busbar.api.vdpa;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a user asked for: {@code vdpa dev add name disk0 mgmtdev sim_block backend file path FILE}.
 *
 * @param name       the new device's name, checked by the bus: letters, digits, {@code . _ -}, 1 to 64 long
 * @param attributes the words after {@code mgmtdev NAME}, in their order
 */
public record AddRequest(String name, Map<String, String> attributes) {

    /** Copies the words. */
    public AddRequest {
        Objects.requireNonNull(name, "name");
        attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    }
}
