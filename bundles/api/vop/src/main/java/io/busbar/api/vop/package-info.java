/**
 * Virtio over PCIe (VOP): what the driver of a card that runs its own operating system implements, and what the parts that
 * publish devices to the card, or use them on it, call.
 *
 * <p>Modelled on the VOP bus of Linux 4.6 to 5.9 ({@code drivers/misc/mic/bus/vop_bus.h}), with what it lacked: every address is
 * checked against what the peer was given, mappings end, errors are told, completions come by themselves. Nothing here is of one
 * card: a driver of a card, or of any link between two memories, registers one {@link io.busbar.api.vop.VopDevice} for each
 * peer as an OSGi service, and takes it away when the peer is gone.
 *
 * <p>Words: the <i>host</i> publishes devices in its device page; the <i>card</i> finds them there and drives them. <i>Own</i>
 * memory is that of the side that calls; the <i>peer's</i> is reached over the link.
 */
@Export
@Version("0.2.0")
package io.busbar.api.vop;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
