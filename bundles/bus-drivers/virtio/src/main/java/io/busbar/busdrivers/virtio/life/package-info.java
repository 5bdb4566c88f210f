/**
 * The life that the drivers of all device types have in common (virtio 1.2, 3.1): bringing a device up, its queues and its
 * memory, its faults and their recovery, letting it go. A device type adds a {@link io.busbar.busdrivers.virtio.life.DeviceType}.
 *
 * <p>Threads: one for each device, its {@link io.busbar.busdrivers.virtio.life.Lane}. It sleeps until the device calls.
 * Requests are begun on the threads of those who make them.
 */
package io.busbar.busdrivers.virtio.life;
