package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.BackendFeatures;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.CallSignal;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.core.virtio.vhostuser.VhostUserFeatures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place where messages of a front-end become config ops of a vDPA device. Addresses: a guest address is the
 * device's IOVA; ring addresses come as addresses of the front-end's process and are translated to guest addresses.
 *
 * <table>
 * <caption>From messages to config ops</caption>
 * <tr><th>message</th><th>what happens</th></tr>
 * <tr><td>SET_FEATURES</td><td>{@code reset} if the device is not fresh, ACKNOWLEDGE, DRIVER, {@code setDriverFeatures}
 *     (with ACCESS_PLATFORM if the device offers it, which front-ends never see; without what a control queue of a network
 *     device is for, if the front-end serves that itself), FEATURES_OK. The same features again:
 *     nothing. Other features while a ring runs: refused; while none does: as above, memory and rings' values stay.
 *     Without bit 30 all rings are enabled</td></tr>
 * <tr><td>SET_MEM_TABLE, ADD_MEM_REG, REM_MEM_REG</td><td>rings whose translated addresses change are stopped;
 *     {@code setMap}; the old mapping is closed; those rings start again. A ring that is in no region any more is
 *     broken</td></tr>
 * <tr><td>SET_VRING_NUM, _BASE</td><td>kept. On a ring that runs (NUM: if it differs) the ring is stopped and waits for
 *     ADDR, KICK or ENABLE 1: it is being set up again</td></tr>
 * <tr><td>SET_VRING_ADDR</td><td>kept as it is. On a ring that runs, with other addresses: stopped, started
 *     there</td></tr>
 * <tr><td>SET_VRING_KICK</td><td>the ring is started; on one that runs only the descriptor is replaced. A ring that was
 *     broken is whole again</td></tr>
 * <tr><td>SET_VRING_ENABLE</td><td>kept at any time; 0 stops the ring ({@code setVqReady(false)}, {@code getVqState}), 1
 *     starts it</td></tr>
 * <tr><td>SET_VRING_CALL, _ERR</td><td>replaced at any time; a call descriptor goes to the device where that
 *     signals it by itself ({@code setVqCallDescriptor}), and is signalled once when it is set</td></tr>
 * <tr><td>GET_VRING_BASE</td><td>the ring is stopped and not started until the next KICK; answers the next available
 *     index</td></tr>
 * <tr><td>SET_STATUS 0</td><td>all rings are stopped as by GET_VRING_BASE, then {@code reset}; bases stay
 *     readable</td></tr>
 * <tr><td>SET_STATUS, other values</td><td>only kept: User Mode Linux never sends it, QEMU skips bits</td></tr>
 * <tr><td>RESET_DEVICE</td><td>{@code reset}; rings are disabled and forget size, addresses and base</td></tr>
 * <tr><td>the connection ends</td><td>{@code reset}, {@code setMap} to nothing, everything is closed</td></tr>
 * </table>
 *
 * <p><b>When a ring starts:</b> features are accepted, memory is there, NUM, ADDR and KICK came, it is enabled. Start:
 * {@code setVqCallback}, {@code setVqNum}, {@code setVqAddress}, {@code setVqState}, {@code setVqCallDescriptor} and
 * {@code setVqKickDescriptor} where the device has them (else kicks are waited for here), {@code setVqReady}; with the first ring DRIVER_OK; then one
 * {@code kickVq}, as kicks before the start may have gone to nobody. Later rings of a device without
 * {@link BackendFeatures#ENABLE_AFTER_DRIVER_OK} stop all rings, reset the device and start them together.
 *
 * <p><b>A device that needs a reset:</b> rings that ran are broken, their error descriptors are signalled; the first
 * ring that is set up again resets the device.
 *
 * <p>Belongs to the device's lane.
 */
final class Translation {

    private static final Logger LOG = LoggerFactory.getLogger(Translation.class);

    /** Not a virtio feature: the front-end understands protocol features. Never reaches the device. */
    static final long F_PROTOCOL_FEATURES = VirtioConfig.bit(VhostUserFeatures.VHOST_USER_F_PROTOCOL_FEATURES);

    /** Regions that ADD_MEM_REG can add up to. */
    static final int MEMORY_SLOTS = 32;

    private static final long PLATFORM = VirtioConfig.bit(VirtioConfig.VIRTIO_F_ACCESS_PLATFORM);
    /* Features of the transport that this protocol has no words for. */
    private static final long NOT_OVER_SOCKETS = PLATFORM
            | VirtioConfig.bit(VirtioConfig.VIRTIO_F_RING_PACKED)
            | VirtioConfig.bit(VirtioConfig.VIRTIO_F_SR_IOV)
            | VirtioConfig.bit(VirtioConfig.VIRTIO_F_NOTIFICATION_DATA)
            | VirtioConfig.bit(VirtioConfig.VIRTIO_F_NOTIF_CONFIG_DATA)
            | VirtioConfig.bit(VirtioConfig.VIRTIO_F_RING_RESET);
    private static final int ACKNOWLEDGED = VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE;
    private static final int DRIVER = ACKNOWLEDGED | VirtioConfig.VIRTIO_CONFIG_S_DRIVER;
    private static final int FEATURES_OK = DRIVER | VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
    private static final int DRIVER_OK = FEATURES_OK | VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;

    private final VdpaDevice device;
    private final VdpaConfigOps ops;
    private final boolean enableLate;
    private final KickWaiter kicks;
    private final ConfigCallback configCallback;
    private final DeviceMemory memory;
    private final InflightRecord inflight;
    private final Ring[] rings;

    private long features;
    private boolean featuresKnown;
    private boolean featuresRefused;
    /** The device has {@link #features} and FEATURES_OK. */
    private boolean settled;
    /** The device has DRIVER_OK. */
    private boolean live;
    /** Nothing was done to the device since its reset. */
    private boolean fresh;
    private int status;

    /**
     * Makes the translation for one connection.
     *
     * @param device         the device
     * @param kicks          has its kicks waited for
     * @param configCallback told of changes of the device's configuration
     */
    Translation(VdpaDevice device, KickWaiter kicks, ConfigCallback configCallback) {
        this.device = device;
        this.ops = device.ops();
        this.kicks = kicks;
        this.configCallback = configCallback;
        this.memory = new DeviceMemory(device.dma());
        this.inflight = new InflightRecord(ops, device.vqCount());
        this.enableLate = ops instanceof BackendFeatures own
                && (own.getBackendFeatures() & BackendFeatures.ENABLE_AFTER_DRIVER_OK) != 0;
        this.rings = new Ring[device.vqCount()];
        Arrays.setAll(rings, Ring::new);
    }

    /** Brings the device to a known state. */
    void begin() throws VdpaException {
        resetDevice();
    }

    InflightRecord inflight() {
        return inflight;
    }

    long offeredFeatures() {
        return ops.getDeviceFeatures() & ~NOT_OVER_SOCKETS | F_PROTOCOL_FEATURES;
    }

    void setFeatures(long accepted) throws RefusedException, ProtocolException {
        if ((accepted & ~offeredFeatures()) != 0) {
            throw new RefusedException("features 0x" + Long.toHexString(accepted) + ": 0x"
                    + Long.toHexString(accepted & ~offeredFeatures()) + " were not offered");
        }
        long wanted = accepted & ~F_PROTOCOL_FEATURES;
        boolean same = featuresKnown && features == wanted;
        if (!same && anyRunning()) {
            throw new RefusedException("features 0x" + Long.toHexString(accepted) + " while rings run with 0x"
                    + Long.toHexString(features));
        }
        if ((accepted & F_PROTOCOL_FEATURES) == 0) {
            for (Ring ring : rings) {
                ring.enabled = true;
            }
        }
        if (!same || !settled) {
            features = wanted;
            featuresKnown = true;
            settle();
        }
        startRings();
    }

    int status() {
        int shown = status | ops.getStatus() & VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;
        return featuresRefused ? shown & ~VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK : shown;
    }

    void setStatus(int value) throws ProtocolException {
        status = value;
        if (value != 0) {
            return;
        }
        for (Ring ring : rings) {
            stop(ring);
            ring.kicked = false;
        }
        freshen();
    }

    void resetByFrontEnd() throws ProtocolException {
        for (Ring ring : rings) {
            stop(ring);
        }
        freshen();
        for (Ring ring : rings) {
            ring.kicked = false;
            ring.enabled = false;
            ring.held = false;
            ring.broken = false;
            ring.size = 0;
            ring.addresses = null;
            ring.base = 0;
            ring.setKick(null);
        }
        status = 0;
    }

    // Memory

    GuestMemory memory() {
        return memory.table();
    }

    /**
     * Puts a table in place of the one in force. Takes over the regions that are new, whatever happens.
     *
     * @throws RefusedException if the device does not take it
     */
    void setMemory(GuestMemory next) throws RefusedException, ProtocolException {
        memory.own(next);
        stopMovedRings(next);
        VdpaException failure = null;
        try {
            memory.replace(next);
        } catch (VdpaException e) {
            failure = e;
        }
        if (failure == null || failure.error() != VdpaError.ETIMEDOUT) {
            startRings();
        }
        if (failure != null) {
            throw new RefusedException("the device does not take the memory table: " + failure.getMessage(), failure);
        }
    }

    private void stopMovedRings(GuestMemory next) throws ProtocolException {
        for (Ring ring : rings) {
            if (!ring.running) {
                continue;
            }
            Optional<RingAddresses> place = place(ring, next);
            if (place.isEmpty() || !place.get().equals(ring.placed)) {
                stop(ring);
                if (place.isEmpty()) {
                    ring.fail();
                }
            }
        }
    }

    // Rings

    void setSize(long index, long size) throws RefusedException, ProtocolException {
        Ring ring = ring(index);
        int most = ops.getVqNumMax();
        if (size < 1 || size > most || Long.bitCount(size) != 1) {
            throw new RefusedException("size " + size + " of ring " + index + ": expected a power of two from 1 to "
                    + most);
        }
        if (ring.running && ring.size != size) {
            stop(ring);
            ring.held = true;
        }
        ring.size = (int) size;
    }

    void setBase(long index, long base) throws RefusedException, ProtocolException {
        Ring ring = ring(index);
        if (base > 0xffff) {
            throw new RefusedException("base " + base + " of ring " + index + ": expected 0 to 65535");
        }
        if (ring.running) {
            stop(ring);
            ring.held = true;
        }
        ring.base = (int) base;
    }

    void setAddresses(long index, RingAddresses addresses) throws RefusedException, ProtocolException {
        Ring ring = ring(index);
        addresses.checkAlignment();
        if (ring.running && !addresses.equals(ring.addresses)) {
            stop(ring);
        }
        ring.addresses = addresses;
        ring.held = false;
        startRings();
    }

    int stopAndGetBase(long index) throws RefusedException, ProtocolException {
        Ring ring = ring(index);
        stop(ring);
        ring.kicked = false;
        ring.held = false;
        ring.setKick(null);
        return ring.base;
    }

    void setEnabled(long index, long enabled) throws RefusedException, ProtocolException {
        Ring ring = ring(index);
        if (enabled > 1) {
            throw new RefusedException("enable " + enabled + " of ring " + index + ": expected 0 or 1");
        }
        ring.enabled = enabled == 1;
        if (ring.enabled) {
            ring.held = false;
            startRings();
        } else {
            stop(ring);
        }
    }

    /** Sets where kicks come from: the message's descriptor, an eventfd; without one the ring is polled. */
    void setKick(long index, Message message) throws RefusedException, ProtocolException {
        Ring ring = ring(index);
        Fd kick = null;
        if (message.descriptorCount() > 0) {
            requireEventFd(message.descriptor());
            kick = message.takeDescriptor();
        }
        endKickWait(ring);
        ring.setKick(kick);
        ring.kicked = true;
        ring.held = false;
        ring.broken = false;
        if (ring.running) {
            goOnWaitingForKicks(ring);
        }
        startRings();
    }

    /** Sets where calls go: the message's descriptor; without one nowhere. */
    void setCall(long index, Message message) throws RefusedException {
        Ring ring = ring(index);
        CallSignal next = takeSignal(message);
        try {
            handOverCalls(ring, next);
        } catch (VdpaException e) {
            if (next != null) {
                next.close();
            }
            throw new RefusedException("call descriptor of ring " + index + ": " + e.getMessage(), e);
        }
        ring.setCall(next);
    }

    /** Sets where failures go: the message's descriptor; without one nowhere. */
    void setError(long index, Message message) throws RefusedException {
        ring(index).setError(takeSignal(message));
    }

    // To and from another process

    /** Stops the rings that run, and keeps what was said of them. */
    void suspend() throws ProtocolException {
        for (Ring ring : rings) {
            stop(ring);
        }
    }

    /** Starts the rings that can run; each is kicked and called once, as either may have gone to nobody. */
    void resume() throws RefusedException, ProtocolException {
        startRings();
        for (Ring ring : rings) {
            if (ring.running) {
                ring.called();
            }
        }
    }

    void save(SessionWriter to) {
        to.number(features).flag(featuresKnown).flag(featuresRefused).flag(settled).number(status);
        List<GuestRegion> regions = memory.table().regions();
        to.number(regions.size());
        regions.forEach(region -> region.save(to));
        inflight.save(to);
        to.number(rings.length);
        for (Ring ring : rings) {
            ring.save(to);
        }
    }

    /** Brings a fresh device to where the one of another process was, but for its rings, which do not run yet. */
    void restore(SessionReader from, MemoryPolicy policy) throws RefusedException, ProtocolException {
        features = from.number();
        featuresKnown = from.flag();
        featuresRefused = from.flag();
        boolean wasSettled = from.flag();
        status = from.number(0, 0xff);
        List<GuestRegion> regions = new ArrayList<>();
        for (int left = from.number(0, MEMORY_SLOTS); left > 0; left--) {
            GuestRegion region = GuestRegion.restore(from, policy);
            memory.own(GuestMemory.of(List.of(region)));
            regions.add(region);
        }
        inflight.restore(from);
        from.number(rings.length, rings.length);
        for (Ring ring : rings) {
            ring.restore(from, ops.getVqNumMax());
        }
        if (wasSettled) {
            settle();
        }
        // Also of one that gave up: what is set up again begins with a reset.
        fresh = false;
        if (!regions.isEmpty()) {
            replaceMemory(GuestMemory.of(regions));
        }
    }

    private void replaceMemory(GuestMemory table) throws RefusedException {
        try {
            memory.replace(table);
        } catch (VdpaException e) {
            throw new RefusedException("the device does not take the memory table: " + e.getMessage(), e);
        }
    }

    // What the device says

    /**
     * Looks whether the device gave up.
     *
     * @return whether it did since the last look: its rings are broken now, and the front-end was told
     */
    boolean noticeBreakdown() {
        if (!needsReset() || !settled) {
            return false;
        }
        settled = false;
        live = false;
        for (Ring ring : rings) {
            if (ring.running) {
                standStill(ring);
                ring.fail();
            }
        }
        return true;
    }

    /** A ring of a device that gave up: where it stands is good to know, and not always to be had. */
    private void standStill(Ring ring) {
        try {
            stop(ring);
        } catch (ProtocolException e) {
            ring.running = false;
        }
    }

    // The end

    /**
     * Takes the device back from the front-end. Can be called again if it fails.
     *
     * @throws VdpaException if the device does not let go of the front-end's memory: nothing is unmapped or closed yet
     */
    void end() throws VdpaException {
        for (Ring ring : rings) {
            endKickWait(ring);
        }
        ops.reset();
        ops.setConfigCallback(null);
        inflight.end();
        memory.end();
        for (Ring ring : rings) {
            ring.running = false;
            ring.release();
        }
    }

    // Steps

    private Ring ring(long index) throws RefusedException {
        if (index >= rings.length) {
            throw new RefusedException("ring " + index + ": expected 0 to " + (rings.length - 1));
        }
        return rings[(int) index];
    }

    private boolean anyRunning() {
        return Arrays.stream(rings).anyMatch(ring -> ring.running);
    }

    private boolean needsReset() {
        return (ops.getStatus() & VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET) != 0;
    }

    private Optional<RingAddresses> place(Ring ring, GuestMemory table) {
        return ring.addresses.toGuest(
                table, ring.size, VirtioConfig.has(features, VirtioConfig.VIRTIO_RING_F_EVENT_IDX));
    }

    /** Starts every ring that can be started. A ring that cannot, although all was said, is broken. */
    private void startRings() throws RefusedException, ProtocolException {
        if (!featuresKnown || memory.table().isEmpty() || !anyToStart()) {
            return;
        }
        if (live && !enableLate) {
            freshenWithRings();
        }
        if (!settled) {
            settle();
        }
        inflight.giveAgain();
        List<String> failures = new ArrayList<>();
        List<Ring> started = new ArrayList<>();
        for (Ring ring : rings) {
            if (ring.complete() && !ring.running) {
                startOrFail(ring, started, failures);
            }
        }
        if (!live && !started.isEmpty()) {
            goLive(started);
        }
        started.forEach(ring -> ops.kickVq(ring.index()));
        if (!failures.isEmpty()) {
            throw new RefusedException(String.join("; ", failures));
        }
    }

    private boolean anyToStart() {
        return Arrays.stream(rings).anyMatch(ring -> ring.complete() && !ring.running);
    }

    private void startOrFail(Ring ring, List<Ring> started, List<String> failures) {
        try {
            start(ring);
            started.add(ring);
        } catch (RefusedException e) {
            failures.add("ring " + ring.index() + " cannot start: " + e.getMessage());
            ring.fail();
        }
    }

    private void start(Ring ring) throws RefusedException {
        RingAddresses place = place(ring, memory.table())
                .orElseThrow(() -> new RefusedException(ring.addresses + " of " + ring.size
                        + " entries are not inside " + memory.table().shapes()));
        int index = ring.index();
        try {
            ops.setVqCallback(index, ring);
            ops.setVqNum(index, ring.size);
            ops.setVqAddress(index, place.descriptors(), place.available(), place.used());
            ops.setVqState(index, new VqState.Split(ring.base));
            handOverCalls(ring, ring.call());
            ring.kickWait = kicks.await(ring.index(), ring.kick);
            ops.setVqReady(index, true);
        } catch (VdpaException e) {
            endKickWait(ring);
            throw new RefusedException(e.getMessage(), e);
        }
        ring.placed = place;
        ring.running = true;
    }

    /** Has the device signal calls by itself where it can; when the call returns it does not use another descriptor. */
    private void handOverCalls(Ring ring, CallSignal signal) throws VdpaException {
        if (ops instanceof CallDescriptors own) {
            own.setVqCallDescriptor(ring.index(), signal == null ? -1 : signal.fd().number());
        }
    }

    private void goLive(List<Ring> started) throws ProtocolException {
        try {
            ops.setStatus(DRIVER_OK);
            live = true;
            LOG.debug("{}: a driver uses it, with features 0x{}", device.name(), Long.toHexString(features));
        } catch (VdpaException e) {
            started.forEach(Ring::fail);
            throw new ProtocolException("the device does not start: " + e.getMessage(), e);
        }
    }

    /** Stops a ring that runs, and notes where it stands. */
    private void stop(Ring ring) throws ProtocolException {
        if (!ring.running) {
            return;
        }
        try {
            ops.setVqReady(ring.index(), false);
            ring.running = false;
            ring.base = switch (ops.getVqState(ring.index())) {
                case VqState.Split split -> split.availIndex();
            };
        } catch (VdpaException e) {
            throw new ProtocolException("ring " + ring.index() + " does not stop: " + e.getMessage(), e);
        }
        endKickWait(ring);
    }

    /** After the kick descriptor of a ring that runs was replaced: kicks on either are not lost. */
    private void goOnWaitingForKicks(Ring ring) throws RefusedException {
        try {
            ring.kickWait = kicks.await(ring.index(), ring.kick);
        } catch (VdpaException e) {
            ring.fail();
            throw new RefusedException("kick descriptor of ring " + ring.index() + ": " + e.getMessage(), e);
        }
        ops.kickVq(ring.index());
    }

    /** When the call returns the kick descriptor is not used any more, here or by the device. */
    private static void endKickWait(Ring ring) {
        Ring.KickWait wait = ring.kickWait;
        ring.kickWait = Ring.KickWait.NONE;
        wait.end();
    }

    private static void requireEventFd(Fd fd) throws RefusedException {
        try {
            if (fd.kind() != FdKind.EVENTFD) {
                throw new RefusedException("the kick descriptor is " + fd.kind() + ", expected an eventfd");
            }
        } catch (LinuxException e) {
            throw new RefusedException("kick descriptor: " + e.getMessage(), e);
        }
    }

    private static CallSignal takeSignal(Message message) throws RefusedException {
        if (message.descriptorCount() == 0) {
            return null;
        }
        try {
            CallSignal signal = CallSignal.of(message.descriptor());
            message.takeDescriptor();
            return signal;
        } catch (LinuxException e) {
            throw new RefusedException(e.getMessage(), e);
        }
    }

    /** Brings the device from wherever it is, with no ring running, to FEATURES_OK with the features in force. */
    private void settle() throws RefusedException, ProtocolException {
        if (!fresh) {
            freshen();
        }
        fresh = false;
        try {
            ops.setStatus(ACKNOWLEDGED);
            ops.setStatus(DRIVER);
            ops.setDriverFeatures(forDevice(features) | ops.getDeviceFeatures() & PLATFORM);
            ops.setStatus(FEATURES_OK);
        } catch (VdpaException e) {
            throw featuresRefused(e.getMessage(), e);
        }
        if ((ops.getStatus() & VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
            throw featuresRefused("FEATURES_OK stayed clear", null);
        }
        settled = true;
        featuresRefused = false;
    }

    /**
     * QEMU and DPDK serve the control queue of a network device themselves: they do not accept it, but MQ and others that
     * need it. Which queue pairs are in use they say by enabling rings.
     */
    private long forDevice(long accepted) {
        return device.deviceId() == VirtioIds.VIRTIO_ID_NET
                        && !VirtioConfig.has(accepted, VirtioNet.VIRTIO_NET_F_CTRL_VQ)
                ? accepted & ~VirtioNet.NEED_CTRL_VQ
                : accepted;
    }

    private RefusedException featuresRefused(String why, Throwable cause) {
        featuresKnown = false;
        featuresRefused = true;
        return new RefusedException(
                "the device does not take features 0x" + Long.toHexString(features) + ": " + why, cause);
    }

    /** Stops all rings, which start again with the next start, and resets the device. */
    private void freshenWithRings() throws ProtocolException {
        for (Ring ring : rings) {
            stop(ring);
        }
        freshen();
    }

    private void freshen() throws ProtocolException {
        try {
            resetDevice();
        } catch (VdpaException e) {
            throw new ProtocolException("the device does not reset: " + e.getMessage(), e);
        }
    }

    private void resetDevice() throws VdpaException {
        settled = false;
        live = false;
        inflight.deviceWasReset();
        ops.reset();
        ops.setConfigCallback(configCallback);
        fresh = true;
    }
}
