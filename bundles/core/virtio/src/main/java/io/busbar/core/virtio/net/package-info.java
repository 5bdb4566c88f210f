/**
 * The network device: features, layouts and commands (virtio 1.2, 5.1; {@code virtio_net.h}).
 *
 * <p>Constants only, safe for any thread.
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio.net;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
