/** Captures of a port's frames, in files that tcpdump and Wireshark read. */
package io.busbar.backends.switch_.capture;
