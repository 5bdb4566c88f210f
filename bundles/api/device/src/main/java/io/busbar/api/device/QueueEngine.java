package io.busbar.api.device;

import org.osgi.annotation.versioning.ProviderType;

/** Makes the data path of software devices: an OSGi service. Safe for any thread. */
@ProviderType
public interface QueueEngine {

    /** Returns the ring and transport features that its data paths do: the device offers them with the model's own. */
    long ringFeatures();

    /** Returns the largest size of a queue. */
    int maxQueueSize();

    /**
     * Opens a data path, with no model and nothing ready.
     *
     * @param deviceName name of the device, for threads and messages
     * @param vqCount    number of queues, 1 and up
     * @param events     told what the data path notices
     * @return the data path; the caller closes it
     */
    DataPath open(String deviceName, int vqCount, DataPathEvents events);
}
