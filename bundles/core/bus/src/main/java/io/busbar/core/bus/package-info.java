/** Placeholder. */
package io.busbar.core.bus;
