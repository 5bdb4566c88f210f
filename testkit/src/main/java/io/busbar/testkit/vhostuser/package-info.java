/**
 * A scripted front-end of the vhost-user protocol and memory for it: to say anything to a back-end, right or wrong, and to
 * look at what it answers. Failures are {@link java.lang.AssertionError}s.
 */
package io.busbar.testkit.vhostuser;
