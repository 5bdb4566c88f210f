/**
 * The virtio block device model (virtio 1.2, 5.2): requests of a driver become requests to a
 * {@link io.busbar.api.backend.BlockBackend}.
 *
 * <p>{@link BlockModel} is what the driver sees as a whole, {@link BlockOffer} what it was promised, {@link BlockQueue}
 * the way of a chain to the backend, {@link ChainRequest} its way back.
 *
 * <p>Threads: a queue's chains are taken on the thread that owns the queue; requests end on any thread. There is no lock:
 * a request belongs to one thread at a time, and goes from one to the other by the engine's hand-over.
 */
package io.busbar.devices.block;
