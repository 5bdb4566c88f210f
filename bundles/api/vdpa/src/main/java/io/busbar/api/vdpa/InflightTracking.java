package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a device to keep its record of requests in flight in memory that outlives it (vhost-user, inflight
 * I/O tracking).
 */
@ConsumerType
public interface InflightTracking {

    /**
     * Makes a fresh area for so many queues of such a size.
     *
     * @param queues    number of queues, 1 and up
     * @param queueSize entries of each, 1 to 32768
     * @return the area; the caller owns its descriptor
     * @throws VdpaException EINVAL for numbers that the device does not have; ENOMEM
     */
    InflightArea createInflight(int queues, int queueSize) throws VdpaException;

    /**
     * Uses an area from the next start of each queue on; what it records as in flight is done again then. Its content
     * is not trusted: an inconsistent one is counted and started clean.
     *
     * @param area the area, or null to keep the record in private memory; the descriptor is duplicated
     * @throws VdpaException EINVAL if it is too small for its numbers
     */
    void setInflight(InflightArea area) throws VdpaException;
}
