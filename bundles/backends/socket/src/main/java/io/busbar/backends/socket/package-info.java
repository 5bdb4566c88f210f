/** A console backend that people and programs connect to: a Unix socket, or a TCP port of the loopback address. */
package io.busbar.backends.socket;
