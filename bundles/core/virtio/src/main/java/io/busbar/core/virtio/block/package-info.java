/**
 * The block device: features, requests and layouts (virtio 1.2, 5.2; {@code virtio_blk.h}).
 *
 * <p>Constants only, safe for any thread.
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio.block;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
