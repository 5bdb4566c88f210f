/** Placeholder. */
package io.busbar.backends.memory;
