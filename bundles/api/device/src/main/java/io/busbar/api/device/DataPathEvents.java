package io.busbar.api.device;

import org.osgi.annotation.versioning.ConsumerType;

/** Told what a data path notices, on one of its threads; must not block. */
@ConsumerType
public interface DataPathEvents {

    /**
     * The driver did something to a queue that cannot be recovered: the queue is stopped until it is set up again.
     *
     * @param index    queue
     * @param sentence what the driver did
     */
    void queueBroken(int index, String sentence);
}
