/**
 * Drives consoles (virtio 1.2, 5.3): their ports as streams, and the control messages between driver and device.
 *
 * <p>Threads: bytes go and come on the threads of those who write and read, under their port's lock; control messages are the
 * lane's. What the device has filled and nobody reads stays in its buffer, so that a device is held back by a reader who does not
 * read, and a writer by a device that does not take.
 */
package io.busbar.busdrivers.virtio.console;
