package io.busbar.core.linux;

/**
 * What O_DIRECT wants of a request.
 *
 * @param memoryBytes buffers' addresses are multiples of this
 * @param offsetBytes file offsets and lengths are multiples of this
 */
public record DirectAlignment(int memoryBytes, int offsetBytes) {
}
