package io.busbar.core.queue;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_IN_ORDER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;

import io.busbar.api.device.DataPath;
import io.busbar.api.device.DataPathEvents;
import io.busbar.api.device.QueueEngine;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.Designate;

/** The engine as a service. A changed setting holds for data paths that are opened afterwards, that of the
 * watchdog for all; none is disturbed. */
@Component(configurationPid = "io.busbar.core.queue")
@Designate(ocd = EngineConfiguration.class)
public final class SoftwareQueueEngine implements QueueEngine {

    /** The largest queue: what drivers ask for is 128 to 1024. */
    private static final int MAX_QUEUE_SIZE = 1024;

    private static final long RING_FEATURES = 1L << VIRTIO_F_VERSION_1
            | 1L << VIRTIO_RING_F_INDIRECT_DESC
            | 1L << VIRTIO_RING_F_EVENT_IDX
            | 1L << VIRTIO_F_IN_ORDER;

    private final Watchdog watchdog;
    private volatile EngineSettings settings;

    /**
     * Starts the service.
     *
     * @param configuration the settings
     */
    @Activate
    public SoftwareQueueEngine(EngineConfiguration configuration) {
        settings = EngineSettings.of(configuration);
        watchdog = new Watchdog(EngineSettings.overdue(configuration));
    }

    @Modified
    void modified(EngineConfiguration configuration) {
        settings = EngineSettings.of(configuration);
        watchdog.limit(EngineSettings.overdue(configuration));
    }

    @Deactivate
    void stop() {
        watchdog.close();
    }

    @Override
    public long ringFeatures() {
        return RING_FEATURES;
    }

    @Override
    public int maxQueueSize() {
        return MAX_QUEUE_SIZE;
    }

    @Override
    public DataPath open(String deviceName, int vqCount, DataPathEvents events) {
        if (vqCount < 1) {
            throw new IllegalArgumentException(vqCount + " queues: expected 1 or more");
        }
        SoftwareDataPath path = new SoftwareDataPath(deviceName, vqCount, events, settings, MAX_QUEUE_SIZE);
        watchdog.watch(path);
        return path;
    }
}
