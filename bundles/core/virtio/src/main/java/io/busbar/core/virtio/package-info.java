/**
 * The standard as code: device ids, status bits, feature bits and their rules (virtio 1.2).
 *
 * <p>Names are spelled as in the C headers of Linux ({@code include/uapi/linux/virtio_*.h}). Device types have a
 * package each ({@code block}), the rings are in {@code ring}. Everything here is constant or a pure function, safe
 * for any thread.
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
