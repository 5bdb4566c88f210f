/**
 * A RAM disk: {@code backend memory size 1G}.
 *
 * <p>The disk costs what was written to it: memory comes in extents, an extent is mapped at the first write to it, and
 * Linux backs it page by page. What is discarded goes back.
 */
package io.busbar.backends.memory;
