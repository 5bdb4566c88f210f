/** Placeholder. */
package io.busbar.drivers.sim;
