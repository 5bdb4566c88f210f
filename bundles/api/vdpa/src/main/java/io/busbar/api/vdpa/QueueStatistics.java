package io.busbar.api.vdpa;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a device to count what its queues do (Linux {@code get_vendor_vq_stats}). */
@ConsumerType
public interface QueueStatistics {

    /**
     * Returns a queue's counters since the device was added, in the order in which they are shown. Any thread; the
     * values are read one by one.
     *
     * @param index queue
     * @return name, with unit where it is not a count of events, to value
     */
    Map<String, Long> getVendorVqStats(int index);
}
