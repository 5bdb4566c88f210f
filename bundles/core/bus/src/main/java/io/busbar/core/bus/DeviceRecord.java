package io.busbar.core.bus;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What has to be known of a device to add it again.
 *
 * @param name             its name
 * @param managementDevice who makes it
 * @param override         the one bus driver that may bind it
 * @param words            the words for its management device, in their order
 */
record DeviceRecord(String name, String managementDevice, Optional<String> override, Map<String, String> words) {

    /** Copies the words. */
    DeviceRecord {
        words = Collections.unmodifiableMap(new LinkedHashMap<>(words));
    }
}
