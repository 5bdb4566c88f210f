package io.busbar.busdrivers.virtio.life;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.ring.RingFault;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device's life with its driver (virtio 1.2, 3.1 to 3.3): brought up, in use, reset and brought up again after a fault,
 * let go.
 *
 * <p>A fault is DEVICE_NEEDS_RESET (virtio 1.2, 2.1.1), or a queue that the device broke. The recovery is at once for a
 * device that was up for long; else, and after a recovery that failed, it waits, each time longer. Until the device was reset its memory stays mapped
 * and nothing that it has ends: no request is ever in two hands.
 */
public final class DeviceLife {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceLife.class);
    private static final int LIVE = Negotiation.SETTLED | VIRTIO_CONFIG_S_DRIVER_OK;
    private static final long FIRST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_REST_NANOS = TimeUnit.SECONDS.toNanos(5);
    /** Who was up for so long is not in a loop of faults. */
    private static final long GOOD_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final Duration END_PATIENCE = Duration.ofSeconds(3);

    private final VdpaDevice device;
    private final VdpaConfigOps ops;
    private final Lane lane;
    private DeviceType type;
    /** Null before the first time, and after a reset that could not be followed by another. */
    private LiveDevice live;
    private long upSince;
    private long restNanos = FIRST_REST_NANOS;
    private long retryAt;
    private String fault = "";
    private volatile boolean up;
    private volatile boolean configNoted;
    private volatile Health health = Health.OK;

    /**
     * Makes a life that has not begun.
     *
     * @param device the device
     */
    public DeviceLife(VdpaDevice device) {
        this.device = device;
        ops = device.ops();
        lane = new Lane("busbar-virtio-" + device.name(), this::turn);
    }

    /** Returns the driver's thread, which begins with the life. */
    public Lane lane() {
        return lane;
    }

    /**
     * Brings the device up for the first time.
     *
     * @param itsType its type's part, which wakes the lane for what it has to do there
     * @throws VdpaException if that is not possible; the device was reset then
     */
    public void begin(DeviceType itsType) throws VdpaException {
        type = itsType;
        bringUp();
        lane.start();
    }

    /** Returns whether the device is set up and live. Any thread. */
    public boolean isUp() {
        return up;
    }

    /** Returns what keeps the device from being up, if anything does. Any thread. */
    public Health health() {
        return health;
    }

    /**
     * Lets the device go; once, and not on the lane.
     *
     * @param why for the users of the driver
     */
    public void end(String why) {
        if (!lane.end(END_PATIENCE)) {
            LOG.warn("{}: its driver's thread does not come back from a completion", device.name());
        }
        up = false;
        type.halt();
        boolean free = release();
        type.end(why);
        if (free) {
            close();
        }
    }

    private boolean release() {
        try {
            ops.reset();
            return true;
        } catch (VdpaException | RuntimeException e) {
            LOG.warn("{}: does not let go of its driver's memory, which stays mapped: {}", device.name(), e.getMessage());
            return false;
        }
    }

    /** Takes the memory from a device that was reset. */
    private void close() {
        if (live == null) {
            return;
        }
        try {
            device.dma().setMap(0, DriverMemory.EMPTY);
        } catch (VdpaException | RuntimeException e) {
            LOG.warn("{}: does not give its driver's memory back, which stays mapped: {}", device.name(), e.getMessage());
            return;
        }
        live.close();
        live = null;
    }

    // Bringing up

    private void bringUp() throws VdpaException {
        try {
            long features = Negotiation.settle(device.name(), ops, type.features());
            Offer offer = new Offer(
                    device.name(), features, DeviceConfig.read(ops), device.vqCount(), ops.getVqNumMax());
            live = LiveDevice.create(device, offer, type.plan(offer));
            live.announce(lane::wake);
            ops.setConfigCallback(this::configCallback);
            type.start(live);
            ops.setStatus(LIVE);
        } catch (VdpaException | RuntimeException e) {
            abandon();
            throw e;
        }
        upSince = System.nanoTime();
        health = Health.OK;
        up = true;
        type.run();
        lane.wake();
    }

    /** Takes back what a device got that could not be brought up. */
    private void abandon() {
        type.halt();
        if (release()) {
            type.wasReset("it could not be brought up");
            close();
        }
        live = null;
    }

    /** On a thread of the device. */
    private void configCallback() {
        configNoted = true;
        lane.wake();
    }

    // On the lane

    private long turn() {
        try {
            return up ? serve() : recover();
        } catch (RuntimeException | Error e) {
            // Also an error: whatever a driver does wrong, its device has to be reset and its users have to be told.
            LOG.error("{}: its driver failed", device.name(), e);
            fail("its driver failed: " + e);
            return Lane.Turn.AGAIN;
        }
    }

    private long serve() {
        if (configNoted) {
            configNoted = false;
            if ((ops.getStatus() & VIRTIO_CONFIG_S_NEEDS_RESET) != 0) {
                fail("the device needs a reset");
                return Lane.Turn.AGAIN;
            }
            type.configChanged(DeviceConfig.read(ops));
        }
        int worked = type.work();
        if (worked < 0) {
            fail("the device broke a queue: " + RingFault.describe(worked));
            return Lane.Turn.AGAIN;
        }
        return worked > 0 ? Lane.Turn.AGAIN : Lane.Turn.SLEEP;
    }

    private void fail(String why) {
        if (!up) {
            rest();
            return;
        }
        up = false;
        fault = why;
        health = new Health(Reason.DEVICE_NEEDS_RESET, why);
        LOG.warn("{}: {}; it is reset", device.name(), why);
        type.halt();
        if (System.nanoTime() - upSince < GOOD_NANOS) {
            rest();
        } else {
            restNanos = FIRST_REST_NANOS;
            retryAt = System.nanoTime();
        }
    }

    private void rest() {
        retryAt = System.nanoTime() + restNanos;
        restNanos = Math.min(2 * restNanos, LONGEST_REST_NANOS);
    }

    /** Resets the device and brings it up again. */
    private long recover() {
        long wait = retryAt - System.nanoTime();
        if (wait > 0) {
            return wait;
        }
        try {
            if (live != null) {
                ops.reset();
                type.wasReset(fault);
                close();
                live = null;
            }
            bringUp();
            LOG.info("{}: is up again after: {}", device.name(), fault);
        } catch (VdpaException e) {
            health = new Health(e.reason() == Reason.NONE ? Reason.INTERNAL : e.reason(), fault
                    + "; it cannot be brought up again: " + (e.getMessage().isEmpty() ? e.error().text() : e.getMessage()));
            rest();
        }
        return Lane.Turn.AGAIN;
    }
}
