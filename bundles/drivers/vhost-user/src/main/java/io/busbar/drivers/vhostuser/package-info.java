/**
 * The management device {@code vhost_user}: a device that another process serves over vhost-user becomes a vDPA device.
 * Busbar is the front-end there, the <em>far process</em> the back-end; whatever bus driver binds the device can use it as
 * any other. Kick and call descriptors are handed through, so that requests never pass through this process.
 *
 * <p>The far process is trusted with the driver's memory, which it maps, and with nothing else: each of its messages is
 * checked and has a deadline, and what it does harms its own device alone.
 */
package io.busbar.drivers.vhostuser;
