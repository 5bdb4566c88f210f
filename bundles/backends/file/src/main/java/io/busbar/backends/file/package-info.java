/**
 * A disk in a file or on a block device: {@code backend file path FILE [size SIZE] [io buffered|direct|mapped]}.
 *
 * <p>{@link Image} is the open and locked file, {@link Space} what changes its allocation and makes it durable, and
 * {@link Transfers} the three ways in which data goes: through the page cache, past it, and by copying from a mapping.
 *
 * <p>Threads: what cannot wait is done on the thread that brings the request; what can wait for a disk on an I/O thread.
 * Work there holds on to the descriptor while it lasts: a request that outlives its backend can not reach another file
 * that was given the same number, and the file stays locked until that request is over.
 */
package io.busbar.backends.file;
