/**
 * The bus driver {@code virtio}: drives vDPA devices in this process, and offers them as services of
 * {@code io.busbar.api.driver}. It takes a device only where the driver override of the device names it.
 *
 * <p>{@link io.busbar.busdrivers.virtio.life} has what all device types have in common,
 * {@link io.busbar.busdrivers.virtio.block} disks, {@link io.busbar.busdrivers.virtio.net} network cards.
 */
package io.busbar.busdrivers.virtio;
