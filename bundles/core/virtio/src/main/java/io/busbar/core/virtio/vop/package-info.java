/**
 * What the two ends of a VOP link share, byte for byte as Linux has it: the device page, and how a ring's parts lie
 * (Linux 5.10-rc1, {@code include/uapi/linux/mic_common.h}). One class per structure; all fields are little-endian.
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio.vop;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
