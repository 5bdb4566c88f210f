/**
 * Drives network cards (virtio 1.2, 5.1): one pair of queues, plain frames, no offloads.
 *
 * <p>Threads: frames come in on the lane; they go out on the threads of those who send, under the card's lock.
 */
package io.busbar.busdrivers.virtio.net;
