/** Placeholder. */
package io.busbar.devices.block;
