/**
 * The net backend {@code loopback}: what a queue pair sends comes back on the same pair, in order, none lost.
 *
 * <p>Threads: a pair's {@link io.busbar.backends.loopback.FrameRing} has one thread that puts frames in, the owner of the
 * transmit queue, and one that takes them out, the owner of the receive queue.
 */
package io.busbar.backends.loopback;
