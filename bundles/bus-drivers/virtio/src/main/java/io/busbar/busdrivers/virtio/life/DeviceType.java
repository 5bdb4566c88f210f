package io.busbar.busdrivers.virtio.life;

import io.busbar.api.vdpa.VdpaException;

/**
 * What a device type adds to the life that all drivers have in common: its features, its queues and its requests. One
 * object for one device, from its binding to its release.
 *
 * <p>{@link DeviceLife} calls one method at a time, on the lane or, at the begin and the end, on a thread of the bus.
 */
public interface DeviceType {

    /** Returns the bits of the device type that the driver can use. */
    long features();

    /**
     * Says what the driver needs. FEATURES_OK is set.
     *
     * @param offer the device
     * @throws VdpaException if the device cannot be driven so; the sentence says why
     */
    Plan plan(Offer offer) throws VdpaException;

    /**
     * Takes up a device whose queues are ready; buffers may be made available, but the device looks at them, and may be
     * kicked, only after {@link #run}.
     *
     * @param live its queues and memory
     */
    void start(LiveDevice live);

    /** DRIVER_OK is set: begins to work. */
    void run();

    /**
     * Takes what the device used, and ends what can be ended. On the lane, after a call of the device and once after
     * {@link #run}. Before it returns 0 it has asked the device for calls.
     *
     * @return how much there was; 0 if there was nothing; or a {@link io.busbar.core.virtio.ring.RingFault}: the device
     *         broke a queue
     */
    int work();

    /**
     * The configuration may have changed. On the lane.
     *
     * @param config as it is now
     */
    void configChanged(DeviceConfig config);

    /** The device is going to be reset: nothing more is made available, and what comes meanwhile is held. */
    void halt();

    /**
     * The device was reset. What it used before that has ended as it says; what it had is lost.
     *
     * @param why for the user
     */
    void wasReset(String why);

    /**
     * The device is let go, after {@link #halt} and, if that was possible, its reset. What is held or was with the device
     * fails, and so does all that comes.
     *
     * @param why for the user
     */
    void end(String why);
}
