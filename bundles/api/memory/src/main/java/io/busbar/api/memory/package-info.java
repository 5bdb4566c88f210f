/**
 * What may be done with the driver's memory, as verbs.
 *
 * <p>The driver (a guest kernel, a DPDK process, a card) owns memory; a device works on buffers in it. This package has
 * the two views of that memory which cross bundle borders: {@link io.busbar.api.memory.DriverMemory}, the immutable
 * table of regions that a bus driver hands to a device (a vDPA IOTLB, a vhost-user memory table), and
 * {@link io.busbar.api.memory.Payload}, a checked cursor over the buffers of one descriptor chain, which is all that a
 * device model or a backend ever sees of it.
 *
 * <p>Terms and rules: virtio 1.2, 2.6 and 2.7. Implemented by Busbar, called by vendors, except
 * {@link io.busbar.api.memory.IoCompletion}, which callers implement.
 */
@Export
@Version("0.2.0")
package io.busbar.api.memory;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
