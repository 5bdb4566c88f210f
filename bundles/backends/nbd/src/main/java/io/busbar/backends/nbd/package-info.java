/**
 * A disk that an NBD server has: {@code backend nbd uri nbd://HOST/EXPORT}, or
 * {@code backend nbd uri nbd+unix:///EXPORT?socket=PATH}.
 *
 * <p>The protocol is that of the NBD project's <em>proto.md</em>: the fixed newstyle handshake with NBD_OPT_GO, TLS by
 * NBD_OPT_STARTTLS, structured replies, constraints on block sizes, several connections where the server says CAN_MULTI_CONN.
 *
 * <p>A request goes from the queue's thread through {@link io.busbar.backends.nbd.Submissions} to the thread of a connection (a
 * {@link io.busbar.backends.nbd.Lane}), which sends it ({@link io.busbar.backends.nbd.Outbox}), finds its answer
 * ({@link io.busbar.backends.nbd.Replies}), and completes it. A connection that breaks is made again, and what was not
 * confirmed is sent again: reads change nothing, and whatever else a disk is asked for may be done twice.
 *
 * <p>Threads: one for each connection, {@code busbar-NAME-nbdN}. Only it touches the connection, its buffers, and the payloads of
 * the requests that it took. Nothing is allocated per request, but what the JDK's TLS allocates.
 */
package io.busbar.backends.nbd;
