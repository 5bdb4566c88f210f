package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** Told that a device's configuration, or its DEVICE_NEEDS_RESET bit, changed. */
@ConsumerType
@FunctionalInterface
public interface ConfigCallback {

    /** The configuration changed. On a thread of the device; must not block or throw. */
    void configChanged();
}
