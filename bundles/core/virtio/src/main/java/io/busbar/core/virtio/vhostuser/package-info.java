/**
 * The vhost-user protocol as code: numbers of messages, protocol features and layouts of payloads, for both of its ends.
 * The front-end owns the driver's memory and sends requests; the back-end processes the rings.
 *
 * <p>Source: the protocol's document in QEMU's tree, {@code docs/interop/vhost-user.rst}. Every field is in the machine's
 * byte order. Everything here is constant or a pure function, safe for any thread.
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio.vhostuser;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
