/**
 * The virtio console device (virtio 1.2, 5.3): ports, their control messages, and those who look at them.
 *
 * <p>What the driver sends goes through a port's {@link io.busbar.devices.console.Output}, from which the backend and the
 * viewers read at their own speed. A chain is completed when the backend has taken all of it: until then it is put back, with
 * the number of bytes that were copied kept by the port, so nothing is sent twice.
 *
 * <p>Threads: a queue's service is called on the thread that owns the queue; viewers have threads of their own. What
 * they share is volatile, and none waits for another.
 */
package io.busbar.devices.console;
