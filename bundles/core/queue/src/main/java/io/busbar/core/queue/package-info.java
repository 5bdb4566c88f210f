/**
 * The engine: threads that own queues, rings, requests in flight, notifications, the driver's memory.
 *
 * <p>Who calls whom: a software device's control thread calls {@link io.busbar.core.queue.SoftwareDataPath}, which
 * keeps what was set per queue and hands running queues to workers. A {@link io.busbar.core.queue.QueueWorker} is one
 * platform thread; it alone touches the ring of an {@link io.busbar.core.queue.ActiveQueue}. Everything that comes from
 * other threads reaches it by two ways: control work through its mailbox, completions through the wait-free
 * {@link io.busbar.core.queue.Handover} of the queue. What can wait for a disk runs on the
 * {@link io.busbar.core.queue.IoThreads} of the device, or asynchronously by {@link io.busbar.core.queue.AsyncIo}.
 *
 * <p>Nothing here is exported: the engine is the OSGi service {@link io.busbar.api.device.QueueEngine}.
 */
package io.busbar.core.queue;
