/**
 * The bus driver {@code vhost-user}: serves vDPA devices on Unix sockets to front-ends (User Mode Linux, QEMU, DPDK) by
 * the vhost-user protocol, as its back-end.
 *
 * <p>{@link io.busbar.busdrivers.vhostuser.Request} is the table of messages,
 * {@link io.busbar.busdrivers.vhostuser.Session} the protocol,
 * {@link io.busbar.busdrivers.vhostuser.Translation} the written table from messages to config ops.
 *
 * <p>Threads: one, the reactor, waits for and reads all sockets; what a message does to a device runs on that device's
 * lane, one task at a time, so that a device which takes its time holds up nobody else.
 */
package io.busbar.busdrivers.vhostuser;
