/**
 * Software vDPA devices: a device model and a backend behind the config ops.
 *
 * <p>{@link io.busbar.drivers.sim.SimDrivers} registers one management device per {@link io.busbar.drivers.sim.SimClass}.
 * A device made there ({@link io.busbar.drivers.sim.SimDevice}) runs its queues at the engine
 * ({@link io.busbar.api.device.QueueEngine}) and outlives the bundles of its model and its backend: while one of them is
 * away the queues hold, and when it is back the device opens it with the same words, checks that what the driver was
 * told still holds, and goes on.
 *
 * <p>Threads: a device has one lock for its control state; under it the engine, the model and the backend's
 * {@code resize} and {@code close} are called, never the bus or a bus driver. Kicks, status, configuration and counters
 * take no lock. Config callbacks run on a thread of their own. What left is let go on the thread that takes it away, with
 * the engine's deadline; it is replaced on the device's recovery thread, which exists only while there is work.
 */
package io.busbar.drivers.sim;
