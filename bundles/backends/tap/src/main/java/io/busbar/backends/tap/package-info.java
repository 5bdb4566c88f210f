/**
 * A tap interface of the host as a network: {@code backend tap ifname tap0}.
 *
 * <p>A frame crosses with its virtio-net header, so that checksums and the cutting of TCP segments are the kernel's, or the
 * other guest's, or never done. From the driver it goes in one system call out of the driver's own memory.
 *
 * <p>Threads: each queue pair is the interface's queue of its own; its two directions share nothing. A thread of the
 * interface's own waits for changes of the link.
 */
package io.busbar.backends.tap;
