/** Placeholder. */
package io.busbar.tools.bench;
