/**
 * The console device: features, ports, control messages and layouts (virtio 1.2, 5.3; {@code virtio_console.h}).
 *
 * <p>Constants and arithmetic only, safe for any thread.
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio.console;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
