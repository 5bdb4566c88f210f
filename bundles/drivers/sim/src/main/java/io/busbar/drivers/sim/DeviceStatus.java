package io.busbar.drivers.sim;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.device.DataPathEvents;
import java.util.concurrent.atomic.AtomicInteger;

/** The device status (virtio 1.2, 2.1), of which one bit is set by the device itself. Any thread. */
final class DeviceStatus implements DataPathEvents {

    private final AtomicInteger bits = new AtomicInteger();
    private final Notifications notifications;
    private volatile String broken = "";

    DeviceStatus(Notifications notifications) {
        this.notifications = notifications;
    }

    int bits() {
        return bits.get();
    }

    boolean has(int bit) {
        return (bits.get() & bit) != 0;
    }

    void add(int more) {
        bits.getAndUpdate(now -> now | more);
    }

    void clear() {
        broken = "";
        bits.set(0);
    }

    /** Returns what the driver did that needs a reset; empty if nothing. */
    String broken() {
        return broken;
    }

    /** Sets DEVICE_NEEDS_RESET; a driver that is up is told (virtio 1.2, 2.1.2). */
    @Override
    public void queueBroken(int index, String sentence) {
        needsReset("queue " + index + ": " + sentence);
    }

    /** The same, for a reason that is known. */
    void needsReset(String why) {
        broken = why;
        int before = bits.getAndUpdate(now -> now | VIRTIO_CONFIG_S_NEEDS_RESET);
        if ((before & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
            notifications.tell();
        }
    }
}
