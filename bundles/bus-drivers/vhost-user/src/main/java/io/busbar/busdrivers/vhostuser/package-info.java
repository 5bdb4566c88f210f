/** Placeholder. */
package io.busbar.busdrivers.vhostuser;
