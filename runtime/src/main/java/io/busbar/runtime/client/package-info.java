/**
 * The control socket from outside: the protocol's client side, on a plain class path. What is needed for one command is
 * small, as a JVM is started for each; the line editor is loaded for the shell in a terminal alone.
 */
package io.busbar.runtime.client;
