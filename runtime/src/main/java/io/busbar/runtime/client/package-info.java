/** The control socket from outside: the protocol's client side, on a plain class path. */
package io.busbar.runtime.client;
