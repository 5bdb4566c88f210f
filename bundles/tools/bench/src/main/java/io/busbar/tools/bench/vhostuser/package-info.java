/**
 * The front-end side of vhost-user, as a load generator or a check needs it: one connection, one block of shared memory,
 * split queues that are driven from this process.
 *
 * <p>The back-end is not trusted: each reply is checked before it is used, each wait has a deadline. Messages: vhost-user
 * protocol, "Front-end message types"; what back-ends insist on beyond it is in {@link
 * io.busbar.tools.bench.vhostuser.FrontEnd}.
 */
package io.busbar.tools.bench.vhostuser;
