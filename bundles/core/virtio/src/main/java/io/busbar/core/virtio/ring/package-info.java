/**
 * Virtqueues, both sides: the device takes chains and publishes used elements ({@link
 * io.busbar.core.virtio.ring.DeviceRing}), the driver adds buffers and polls for them ({@link
 * io.busbar.core.virtio.ring.DriverRing}); virtio 1.2, 2.6 and 2.7. The split format is behind both; the packed format
 * will be behind the same two types.
 *
 * <p>Threads: one queue, one owner thread. Nothing here locks, and nothing allocates per chain after a queue has seen
 * its largest chain. The other side is another process: each word that it can write is read once, checked, then used.
 *
 * <p>Memory: ring words and indirect tables are reached through one unbounded segment that the caller gives, at
 * addresses that were checked against {@link io.busbar.core.virtio.ring.Regions}. The caller keeps everything mapped
 * until the owner thread has left the queue. If shared memory is truncated under a queue, an access may throw
 * {@link java.lang.InternalError}: catch it where the owner thread works and give the queue up; only access forms that
 * do not stop the JVM in that case are used (plain and acquire loads, plain stores after a fence; no 16-bit release
 * store, no compare-and-set).
 */
@Export
@Version("0.1.0")
package io.busbar.core.virtio.ring;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
