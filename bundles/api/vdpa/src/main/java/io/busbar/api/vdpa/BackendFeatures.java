package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a device to say what it does beyond the base ops (Linux {@code get_backend_features}). */
@ConsumerType
public interface BackendFeatures {

    /** Queues may become ready after DRIVER_OK. */
    long ENABLE_AFTER_DRIVER_OK = 1L << 6;

    /** Returns the bits. */
    long getBackendFeatures();
}
