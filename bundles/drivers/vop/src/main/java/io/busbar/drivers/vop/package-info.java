/**
 * The card's side of VOP: each device in the host's device page is a vDPA device of a bus with the card's name, which the
 * management device {@code vop} makes.
 *
 * <p>{@link io.busbar.drivers.vop.VopParent} has a {@link io.busbar.drivers.vop.Card} for each link, which follows the page;
 * {@link io.busbar.drivers.vop.EntryDevice} is one device, {@link io.busbar.drivers.vop.HostEnd} what it asks of the host, and
 * {@link io.busbar.drivers.vop.ShadowQueue} one of its queues: the driver has a ring of its own, the host another one, and
 * chains are passed on from the one to the other. Descriptors are copied, payload is not: the host reaches the driver's memory
 * over the link, for which {@link io.busbar.drivers.vop.LinkTable} has the addresses.
 *
 * <p>Neither side is trusted. What the host writes is read once and checked; what it can reach is what the driver's memory
 * was mapped for, until it is taken away; each answer of it has a deadline.
 *
 * <p>Threads: one for each card, which follows the page, and one for each device ({@link io.busbar.drivers.vop.Lane}), which
 * owns its rings. Ops come on control threads, one at a time, and have what touches rings done on the lane. Doorbells wake the
 * one or the other.
 */
package io.busbar.drivers.vop;
