/**
 * Backends: where a device's bytes go.
 *
 * <p>A user of Busbar mostly writes one of these: one class with one annotation, {@link io.busbar.api.backend.BackendType},
 * dropped into a running system as a bundle. This package needs nothing else of Busbar but
 * {@link io.busbar.api.memory}.
 *
 * <p>Threads: a backend is opened and closed on a control thread; {@code submit} is called on the thread that owns the
 * queue, concurrently for different queues of one device.
 */
@Export
@Version("0.8.0")
package io.busbar.api.backend;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
