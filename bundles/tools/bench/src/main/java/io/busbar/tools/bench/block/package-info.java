/**
 * A virtio block device from the driver's side: requests over a queue, data that shows where it belongs, and a load
 * generator with a comparison of two devices (virtio 1.2, 5.2).
 *
 * <p>Each object is for one thread. What is called per request allocates nothing.
 */
package io.busbar.tools.bench.block;
