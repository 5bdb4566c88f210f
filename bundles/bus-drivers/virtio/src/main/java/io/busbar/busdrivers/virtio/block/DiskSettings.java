package io.busbar.busdrivers.virtio.block;

/**
 * How a disk is driven.
 *
 * @param requests     most requests that the device has at a time
 * @param requestBytes most bytes of one, a multiple of 4096
 */
public record DiskSettings(int requests, int requestBytes) {

    private static final int MAX_REQUESTS = 1024;
    private static final int GRANULE = 4096;
    private static final int MAX_REQUEST_BYTES = 1 << 20;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException names the setting, its value and what was expected
     */
    public DiskSettings {
        if (requests < 1 || requests > MAX_REQUESTS) {
            throw new IllegalArgumentException("diskRequests " + requests + ": expected 1 to " + MAX_REQUESTS);
        }
        if (requestBytes < GRANULE || requestBytes > MAX_REQUEST_BYTES || requestBytes % GRANULE != 0) {
            throw new IllegalArgumentException("diskRequestBytes " + requestBytes + ": expected a multiple of " + GRANULE
                    + " up to " + MAX_REQUEST_BYTES);
        }
    }
}
