package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** Told that a queue has used buffers: the call, device to driver. */
@ConsumerType
@FunctionalInterface
public interface VqCallback {

    /** Buffers were used. On the thread that owns the queue; must not block or throw, and may be called without need. */
    void called();
}
