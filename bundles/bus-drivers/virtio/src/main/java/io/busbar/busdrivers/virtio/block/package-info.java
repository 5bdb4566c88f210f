/**
 * Drives block devices (virtio 1.2, 5.2).
 *
 * <p>An operation of a user is a {@link io.busbar.busdrivers.virtio.block.Transfer}. It goes to the device in pieces, each
 * in a slot with memory of its own, as slots become free; {@link io.busbar.busdrivers.virtio.block.VirtioDisk} keeps the
 * operations, {@link io.busbar.busdrivers.virtio.block.Slots} the slots of one time from reset to reset.
 *
 * <p>Threads: one lock per device, held for ring words and lists only; bytes are copied outside of it, to the device on
 * the thread that begins the operation, from it on the lane.
 */
package io.busbar.busdrivers.virtio.block;
