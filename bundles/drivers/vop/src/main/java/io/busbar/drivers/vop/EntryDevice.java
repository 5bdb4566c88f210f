package io.busbar.drivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FAILED;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.VopException;
import io.busbar.api.vop.VopHardwareOps;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.FeatureRules;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.vop.VqConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An entry of the host's page as a device.
 *
 * <p>Two levels. The driver sets up queues, which are stopped and started one by one. The host knows the device as a whole: it
 * is <em>up</em> from DRIVER_OK, for which it has been given the used rings, to a reset. A queue whose requests have ended, and
 * that has left the host no buffers, is stopped here alone; a host that has buffers in which nothing was received yet is reset to
 * have them back, and set up again for the queues that go on, so that their drivers see a pause and nothing else.
 *
 * <p>A host that does not answer a reset in time loses its way to the driver's memory: then nothing is left that could touch it.
 *
 * <p>Threads: ops hold the lock, during handshakes too; what touches rings is done on the lane.
 */
final class EntryDevice implements VdpaParentDevice {

    private static final Logger LOG = LoggerFactory.getLogger(EntryDevice.class);
    private static final int MOST_ENTRIES = 1024;
    private static final int NEGOTIATED =
            VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK;

    private final String name;
    private final String linkName;
    private final PageEntry entry;
    private final VopHardwareOps link;
    private final Settings settings;
    private final long offered;
    private final List<QueueSetup> setups = new ArrayList<>();
    private final List<HostRing> hostRings = new ArrayList<>();
    private final List<ShadowQueue> queues = new ArrayList<>();
    private final EntryOps ops = new EntryOps(this);
    private final ReentrantLock lock = new ReentrantLock();
    private final HostEnd host;
    private final Lane lane;

    // Under the lock
    private DriverMemory memory = DriverMemory.EMPTY;
    private Regions regions = Regions.EMPTY;
    private LinkTable table = LinkTable.EMPTY;
    /** The host reaches what is in the table; false after it lost it. */
    private boolean reached = true;
    private boolean up;
    private boolean suspended;
    private boolean closed;

    // For any thread
    private final AtomicInteger status = new AtomicInteger();
    private volatile long accepted;
    private volatile byte[] config;
    private volatile int generation;
    private volatile ConfigCallback callback;
    private volatile Health trouble = Health.OK;
    private volatile Health broken = Health.OK;
    /** Who waits for requests to end; woken after each turn. */
    private volatile Thread waiting;

    /**
     * Makes the device of an entry that was checked.
     *
     * @param name     of the device
     * @param linkName of the link
     * @param entry    the entry
     * @param link     the link
     * @param settings how long the host may take
     * @param linkGone whether there is no host any more
     * @throws VopException   if the host does not have what the entry says
     * @throws LinuxException if there are no descriptors left
     */
    EntryDevice(String name, String linkName, PageEntry entry, VopHardwareOps link, Settings settings, BooleanSupplier linkGone)
            throws VopException, LinuxException {
        this.name = name;
        this.linkName = linkName;
        this.entry = entry;
        this.link = link;
        this.settings = settings;
        offered = EntryFeatures.told(entry.type(), entry.offered());
        config = entry.readConfig();
        Lane started = null;
        try {
            for (VqConfig queue : entry.queues()) {
                int index = queues.size();
                LinkMeter meter = link.meter(name, index);
                hostRings.add(new HostRing(link, name + " used ring " + index, entry.type(), index, queue, meter));
                setups.add(new QueueSetup(index));
                queues.add(new ShadowQueue(index, this::needsReset));
            }
            started = Lane.start("busbar-vop-" + linkName + "-" + name, this::turn);
            lane = started;
            host = new HostEnd(entry, link, link.meter(name, -1), settings.answer(), linkGone, name, started::wake);
        } catch (VopException | LinuxException e) {
            hostRings.forEach(HostRing::close);
            if (started != null) {
                started.close();
            }
            throw e;
        }
    }

    // As a parent device

    @Override
    public VdpaConfigOps ops() {
        return ops;
    }

    @Override
    public int vqCount() {
        return queues.size();
    }

    @Override
    public Health health() {
        Health now = trouble;
        return now.ok() ? broken : now;
    }

    @Override
    public Map<String, String> details() {
        Map<String, String> details = new LinkedHashMap<>();
        details.put("link", linkName);
        details.put("entry", Integer.toString(entry.offset()));
        details.put("link_queue_sizes",
                entry.queues().stream().map(queue -> Integer.toString(queue.size())).collect(Collectors.joining(",")));
        return details;
    }

    // What the page's reader tells

    /** The host says that the configuration is another. */
    void configChanged(byte[] now) {
        config = now;
        generation++;
        tellDriver();
    }

    /** The status as the host left it. */
    void statusOfHost(int now) {
        if ((now & (VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED)) != 0 && (status.get() & VIRTIO_CONFIG_S_DRIVER_OK) != 0
                && broken.ok()) {
            needsReset(Reason.DEVICE_NEEDS_RESET, "the host says that the device needs a reset");
        }
    }

    PageEntry entry() {
        return entry;
    }

    // What ops use: for any thread

    int deviceId() {
        return entry.type();
    }

    int mostEntries() {
        return MOST_ENTRIES;
    }

    long offered() {
        return offered;
    }

    long accepted() {
        return accepted;
    }

    void accept(long features) {
        accepted = features;
    }

    int status() {
        return status.get();
    }

    byte[] config() {
        return config;
    }

    int generation() {
        return generation;
    }

    void callback(ConfigCallback next) {
        callback = next;
    }

    void callback(int queue, VqCallback next) {
        queues.get(queue).callback(next);
    }

    void kick() {
        lane.wake();
    }

    Map<String, Long> statistics(int index) {
        ShadowQueue queue = queues.get(index);
        LinkCounters crossed = link.meter(name, index).read();
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("chains", queue.passed());
        counts.put("used chains", queue.used());
        counts.put("calls", queue.calls());
        counts.put("memory faults", queue.faults());
        counts.put("posted writes", crossed.postedWrites());
        counts.put("posted bytes", crossed.postedBytes());
        counts.put("non-posted reads", crossed.nonPostedReads());
        counts.put("doorbells", crossed.doorbells());
        return counts;
    }

    long faults() {
        return queues.stream().mapToLong(ShadowQueue::faults).sum();
    }

    // What ops use: changes

    /** A change under the lock. */
    @FunctionalInterface
    interface Change {
        void run() throws VdpaException;
    }

    /** A change of what the driver said of a queue. */
    @FunctionalInterface
    interface SetupChange {
        void run(QueueSetup setup) throws VdpaException;
    }

    void change(Change change) throws VdpaException {
        lock.lock();
        try {
            change.run();
        } finally {
            lock.unlock();
        }
    }

    void onSetup(int index, SetupChange change) throws VdpaException {
        change(() -> change.run(setups.get(index)));
    }

    /** Adds status bits; FEATURES_OK stays clear for features that cannot work; DRIVER_OK starts the queues. */
    void addStatus(int bits) {
        try {
            add(bits);
        } catch (InternalError pageGone) {
            needsReset(Reason.NOT_CONNECTED, "the host has taken its page away");
        }
    }

    private void add(int bits) {
        int added = bits & ~status.get();
        int next = bits;
        if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0) {
            if (FeatureRules.refusal(entry.type(), offered, accepted).isPresent()) {
                next &= ~(VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
            } else {
                host.accept(acceptedOfHost());
            }
        }
        int now = next;
        int all = status.updateAndGet(before -> before | now) & ~VIRTIO_CONFIG_S_NEEDS_RESET;
        if ((added & next & VIRTIO_CONFIG_S_DRIVER_OK) == 0) {
            if (up || (all & VIRTIO_CONFIG_S_DRIVER_OK) == 0) {
                host.status(all);
            }
        } else {
            goOn();
        }
    }

    private long acceptedOfHost() {
        return EntryFeatures.accepted(entry.offered(), accepted);
    }

    private boolean live() {
        return (status.get() & VIRTIO_CONFIG_S_DRIVER_OK) != 0;
    }

    boolean isReady(int index) {
        return setups.get(index).ready;
    }

    /** A queue is ready, and runs if the others do. */
    void startQueue(int index) throws VdpaException {
        QueueSetup setup = setups.get(index);
        setup.addresses(accepted, regions);
        setup.ready = true;
        if (live()) {
            goOn();
        }
    }

    /** Stops a queue; when the call returns nothing of it is in flight. */
    void stopQueue(int index) throws VdpaException {
        ShadowQueue queue = queues.get(index);
        if (queue.begun()) {
            drainOne(queue);
            if (queue.outstanding() > 0) {
                rest();
            }
            lane.run(() -> end(queue, setups.get(index)));
        }
        setups.get(index).ready = false;
        if (live()) {
            goOn();
        }
    }

    private void drainOne(ShadowQueue queue) throws VdpaException {
        try {
            drain(queue::equals);
        } catch (VdpaException late) {
            lane.run(() -> queue.taking(true));
            throw late;
        }
    }

    private static void end(ShadowQueue queue, QueueSetup setup) {
        if (queue.begun()) {
            setup.availIndex = queue.end();
        }
    }

    void setKick(int index, int descriptor) throws VdpaException {
        QueueSetup setup = setups.get(index);
        forgetKick(setup);
        if (descriptor != QueueSetup.NONE) {
            try {
                lane.watch(descriptor);
            } catch (LinuxException e) {
                throw new VdpaException(VdpaError.EINVAL, e.getMessage());
            }
            setup.kick = descriptor;
        }
    }

    private void forgetKick(QueueSetup setup) {
        if (setup.kick != QueueSetup.NONE) {
            lane.forget(setup.kick);
            setup.kick = QueueSetup.NONE;
        }
    }

    /** Replaces the driver's memory; when the call returns nothing reaches the old one. */
    void setMemory(DriverMemory next) throws VdpaException {
        boolean running = queues.stream().anyMatch(ShadowQueue::begun);
        if (running) {
            rest();
            endAll();
        }
        try {
            if (reached) {
                table = LinkTable.of(link, next, table);
            }
            memory = next;
            regions = Regions.of(next);
        } catch (VopException noRoom) {
            throw refused(noRoom);
        } finally {
            if (running) {
                goOn();
            }
        }
    }

    /** Stops the data path; states of queues can be read. */
    void suspend() throws VdpaException {
        rest();
        endAll();
        suspended = true;
    }

    void resume() {
        suspended = false;
        goOn();
    }

    /** Resets the device; memory stays. */
    void reset() {
        lane.run(() -> queues.forEach(ShadowQueue::drop));
        resetHost();
        for (int i = 0; i < queues.size(); i++) {
            forgetKick(setups.get(i));
            setups.get(i).forget();
            queues.get(i).callback(null);
        }
        callback = null;
        accepted = 0;
        suspended = false;
        broken = Health.OK;
        status.set(0);
    }

    /** Takes the device apart. */
    void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            step(this::reset);
            step(host::close);
            step(lane::close);
            step(this::loseReach);
            hostRings.forEach(ring -> step(ring::close));
        } finally {
            lock.unlock();
        }
    }

    /** What the host has taken away must not keep the rest from being let go. */
    private void step(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | InternalError e) {
            LOG.warn("{}/{}: at its end: {}", linkName, name, e.toString());
        }
    }

    // The two levels

    /** Waits until the requests of queues have ended, of which no more are taken. */
    private void drain(Predicate<ShadowQueue> which) throws VdpaException {
        List<ShadowQueue> drained = queues.stream().filter(which).filter(ShadowQueue::begun).toList();
        lane.run(() -> drained.forEach(queue -> queue.taking(false)));
        long end = System.nanoTime() + settings.drain().toNanos();
        waiting = Thread.currentThread();
        try {
            while (drained.stream().anyMatch(queue -> queue.requests() > 0)) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK,
                            "requests that the host has do not end within " + settings.drain().toMillis() + " ms", null);
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            waiting = null;
        }
    }

    /** Has nothing in flight in any queue; what the host has of buffers comes back. */
    private void rest() throws VdpaException {
        try {
            drain(queue -> true);
        } catch (VdpaException late) {
            lane.run(() -> queues.forEach(queue -> queue.taking(true)));
            throw late;
        }
        if (queues.stream().anyMatch(queue -> queue.outstanding() > 0)) {
            resetHost();
            lane.run(() -> queues.forEach(ShadowQueue::hostIsDown));
        }
    }

    private void endAll() {
        lane.run(() -> {
            for (int i = 0; i < queues.size(); i++) {
                end(queues.get(i), setups.get(i));
            }
        });
    }

    /** Starts the queues that are ready and do not run, if the driver and the host are. */
    private void goOn() {
        if (suspended || !broken.ok() || setups.stream().noneMatch(setup -> setup.ready) || !(up || bringUp())) {
            return;
        }
        List<DeviceRing> rings = new ArrayList<>();
        for (int i = 0; i < queues.size(); i++) {
            rings.add(queues.get(i).begun() || !setups.get(i).ready ? null : ring(setups.get(i)));
        }
        lane.run(() -> {
            for (int i = 0; i < queues.size(); i++) {
                if (rings.get(i) != null) {
                    queues.get(i).begin(rings.get(i), table);
                }
                queues.get(i).taking(true);
            }
        });
    }

    private DeviceRing ring(QueueSetup setup) {
        try {
            return setup.ring(accepted, regions);
        } catch (VdpaException outside) {
            needsReset(Reason.DEVICE_NEEDS_RESET, outside.getMessage());
            return null;
        }
    }

    /** Shows the host a driver that is ready, with used rings that are fresh. */
    private boolean bringUp() {
        try {
            if (!host.awaitReset()) {
                needsReset(Reason.NO_ANSWER, "the host has not answered a reset");
                return false;
            }
            reach();
            host.status(NEGOTIATED & ~VIRTIO_CONFIG_S_FEATURES_OK);
            host.accept(acceptedOfHost());
            host.status(NEGOTIATED);
            long features = acceptedOfHost();
            List<DriverRing> fresh = new ArrayList<>();
            for (HostRing hostRing : hostRings) {
                fresh.add(hostRing.make(features));
            }
            if (!host.handOver(hostRings.stream().mapToLong(HostRing::usedAddress).toArray())) {
                loseReach();
                needsReset(Reason.NO_ANSWER,
                        "the host has not taken the used rings within " + settings.answer().toMillis() + " ms");
                return false;
            }
            int now = host.statusOfHost();
            if (now < 0 || (now & (VIRTIO_CONFIG_S_NEEDS_RESET | VIRTIO_CONFIG_S_FAILED)) != 0) {
                needsReset(Reason.FEATURES_MISMATCH, "the host refuses what the driver accepted");
                return false;
            }
            boolean eventIdx = VirtioConfig.has(features, VirtioConfig.VIRTIO_RING_F_EVENT_IDX);
            lane.run(() -> {
                for (int i = 0; i < queues.size(); i++) {
                    HostRing hostRing = hostRings.get(i);
                    queues.get(i).hostIsUp(
                            fresh.get(i), hostRing.size(), new RingTraffic(hostRing.meter(), eventIdx), table);
                }
            });
            host.status(NEGOTIATED | VIRTIO_CONFIG_S_DRIVER_OK);
            trouble = Health.OK;
            up = true;
            return true;
        } catch (VopException refused) {
            needsReset(Reason.NOT_CONNECTED, refused.getMessage());
            return false;
        } catch (InternalError gone) {
            needsReset(Reason.NOT_CONNECTED, "the host has taken its rings away");
            return false;
        }
    }

    private void resetHost() {
        up = false;
        if (host.reset()) {
            trouble = Health.OK;
        } else {
            loseReach();
            trouble = new Health(Reason.NO_ANSWER, "the host has not answered a reset within " + settings.answer().toMillis()
                    + " ms: it reaches the driver's memory no more");
        }
    }

    private void loseReach() {
        if (reached) {
            table.close();
            hostRings.forEach(HostRing::revoke);
            reached = false;
        }
    }

    private void reach() throws VopException {
        if (!reached) {
            table = LinkTable.of(link, memory, LinkTable.EMPTY);
            reached = true;
        }
    }

    // On the lane

    private void turn() {
        int kicked = -1;
        boolean more = false;
        for (int i = 0; i < queues.size(); i++) {
            ShadowQueue queue = queues.get(i);
            if (queue.turn()) {
                kicked = i;
            }
            more |= queue.more();
        }
        if (kicked >= 0) {
            // One doorbell is for all queues of the device, and after all of them.
            host.ring(hostRings.get(kicked).meter());
        }
        Thread waiter = waiting;
        if (waiter != null) {
            LockSupport.unpark(waiter);
        }
        if (more) {
            lane.wake(); // Behind steps that wait, and kicks of others.
        }
    }

    private void needsReset(Reason reason, String sentence) {
        broken = new Health(reason, sentence);
        status.updateAndGet(before -> before | VIRTIO_CONFIG_S_NEEDS_RESET);
        tellDriver();
    }

    private void tellDriver() {
        ConfigCallback told = callback;
        if (told != null) {
            told.configChanged();
        }
    }

    private static VdpaException refused(VopException e) {
        VdpaError error = switch (e.error()) {
            case ENODEV -> VdpaError.ENODEV;
            case ENOMEM -> VdpaError.ENOMEM;
            case ENOSPC -> VdpaError.ENOSPC;
            case ETIMEDOUT -> VdpaError.ETIMEDOUT;
            case EINVAL, EFAULT, EPROTO -> VdpaError.EINVAL;
        };
        return new VdpaException(error, e.getMessage());
    }
}
