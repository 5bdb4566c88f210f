/**
 * Both ends of the vhost-user protocol by script. A front-end and memory for it: to say anything to a back-end, right or
 * wrong, and to look at what it answers. A back-end that answers a front-end rightly, or as a test wants. Failures are {@link java.lang.AssertionError}s.
 */
package io.busbar.testkit.vhostuser;
