package io.busbar.core.bus;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device's place on the bus, kept while the device itself is absent. Changed under the bus's lock of changes, read
 * without.
 */
final class DeviceSlot {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceSlot.class);

    /** The word of a block device's capacity, which a resize changes. */
    private static final String SIZE = "size";

    private final String name;
    private final String managementDevice;
    private volatile Map<String, String> words;
    private final boolean persistent;
    private volatile Optional<String> override;
    private volatile PresentDevice present;
    private volatile Bound bound;
    private volatile Health health = Health.OK;
    private final Retry retry = new Retry();
    private BusSnapshot.State seenState;
    private Reason seenReason = Reason.NONE;

    DeviceSlot(DeviceRecord record, boolean persistent) {
        this.name = record.name();
        this.managementDevice = record.managementDevice();
        this.words = record.words();
        this.override = record.override();
        this.persistent = persistent;
    }

    String name() {
        return name;
    }

    String managementDevice() {
        return managementDevice;
    }

    Map<String, String> words() {
        return words;
    }

    /** Takes note of a new capacity, so that the device is added with it again; returns whether a word of it changed. */
    boolean resized(long bytes) {
        Map<String, String> now = new LinkedHashMap<>(words);
        if (now.replace(SIZE, Long.toString(bytes)) == null) {
            return false;
        }
        words = Collections.unmodifiableMap(now);
        return true;
    }

    /** Takes note of other words, with which the device is added again. */
    void words(Map<String, String> now) {
        words = now;
    }

    boolean persistent() {
        return persistent;
    }

    DeviceRecord record() {
        return new DeviceRecord(name, managementDevice, override, words);
    }

    Optional<String> override() {
        return override;
    }

    void override(Optional<String> busDriver) {
        override = busDriver;
    }

    /** Returns the device, or null while it is absent. */
    PresentDevice present() {
        return present;
    }

    void present(PresentDevice device) {
        present = device;
    }

    /** Returns the binding, or null while there is none. */
    Bound bound() {
        return bound;
    }

    void bound(Bound binding) {
        bound = binding;
    }

    /** Returns why the device is absent or unbound. */
    Health health() {
        return health;
    }

    void health(Health why) {
        health = why;
    }

    /** When it is tried again after it was refused. */
    Retry retry() {
        return retry;
    }

    /**
     * Notes the state that somebody saw; one line in the log if it, or the reason, is another than before.
     *
     * @return whether it is
     */
    boolean seen(BusSnapshot.State state, Health health) {
        BusSnapshot.State before;
        synchronized (this) {
            if (state == seenState && health.reason() == seenReason) {
                return false;
            }
            before = seenState;
            seenState = state;
            seenReason = health.reason();
        }
        log(Objects.toString(before, "new"), state, health);
        return true;
    }

    private void log(String before, BusSnapshot.State now, Health why) {
        if (why.ok()) {
            LOG.info("{}: {} -> {}", name, before, now);
        } else {
            LOG.info("{}: {} -> {} ({}: {})", name, before, now, why.reason(), why.sentence());
        }
    }
}
