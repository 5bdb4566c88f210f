/**
 * Device models, and the queues that they are handed.
 *
 * <p>A device model speaks the protocol of one virtio device type: it is handed descriptor chains, makes requests to a
 * backend of them, and completes them. Rings, threads, notifications, requests in flight and the driver's memory are
 * the engine's; who builds a software vDPA device opens a {@link io.busbar.api.device.DataPath} at the service
 * {@link io.busbar.api.device.QueueEngine} and attaches a model to it.
 *
 * <p>Threads: {@link io.busbar.api.device.DeviceModel#process} runs on the thread that owns the queue, concurrently for
 * different queues; everything else on a control thread.
 */
@Export
@Version("0.8.0")
package io.busbar.api.device;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
