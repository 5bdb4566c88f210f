/**
 * A RAM disk: {@code backend memory size 1G}.
 *
 * <p>The disk costs what was written to it: its memory is a file, of which an extent is mapped at the first write to it, and
 * Linux backs it page by page; from then on pages of this extent that are only read cost too. What is discarded goes back.
 */
package io.busbar.backends.memory;
