/**
 * Frames over a Unix stream socket, each behind its length, as QEMU ({@code -netdev stream}, {@code -netdev socket}) and passt
 * speak: {@code backend stream path SOCKET}.
 *
 * <pre>
 *   0 length of the frame, 32 bits, big-endian
 *   4 the frame, from its destination address on
 * </pre>
 *
 * <p>The far end comes and goes: while it is away the link is down. Each connection has its own state, so that no part of a
 * frame is ever completed by bytes of another connection.
 *
 * <p>Threads: one of the backend's own connects, accepts, and sends what was left of a frame when the socket was full;
 * frames are sent and received by the threads of the device's queues.
 */
package io.busbar.backends.stream;
