/** Placeholder. */
package io.busbar.core.queue;
