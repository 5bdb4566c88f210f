/**
 * The bus: which management devices, devices and bus drivers there are, who is bound to whom, what is not up and why.
 *
 * <p>Modelled on Linux's vdpa core ({@code drivers/vdpa/vdpa.c}). {@link io.busbar.core.bus.Buses} is the component,
 * {@link io.busbar.core.bus.ServedBus} a bus as a service; {@link io.busbar.core.bus.Bus} knows nothing of OSGi. {@link io.busbar.core.bus.PluginExtender} makes services of
 * annotated backends and device models.
 *
 * <p>Threads and locks. Four kinds of lock, taken in this order, none of them by a reader of the bus:
 * <ol>
 * <li>the turn of a management device or bus driver: one thing at a time that it makes. A command holds it while its
 *     management device makes the device, without the bus's lock, so that one that hangs holds up its own devices only;
 *     its name is reserved meanwhile. Who holds the bus's lock takes a turn only if it is free;
 * <li>the bus's lock of changes: one change (add, delete, override, arrival, departure) at a time. It is held while
 *     management devices and bus drivers are called, so these must not change the bus from inside such a call, nor wait
 *     for a thread that does; everything that they may read (devices, snapshots) needs no lock. Calls that
 *     make or end something are waited for with a deadline ({@link io.busbar.core.bus.PatientCalls});
 * <li>a device's control lock: one control op at a time. It is held while the parent's op runs; a parent never waits, in
 *     an op, for one of its callbacks to return;
 * <li>a monitor of each device around the state that was logged last, never held while anybody else's code is called.
 * </ol>
 * Kicks, status, configuration reads and counters take no lock.
 */
package io.busbar.core.bus;
