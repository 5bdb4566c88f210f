package io.busbar.drivers.vhostuser;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_DRIVER_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VdpaParentDevice;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.FeatureRules;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device of a far process. What the driver sets up is kept here and told to the far process that is there; when that
 * leaves, hangs or lies, it is disconnected, the device holds, and the next one that comes is told everything anew, if
 * it still is what the driver was told.
 *
 * <p>Requests in flight when the far process left: with a record of them (INFLIGHT_SHMFD) they are done by the next one.
 * Without it queues in which nothing was in flight, or in which buffers are used in order, go on; else the device needs a
 * reset, as nobody knows which requests were done.
 *
 * <p>Memory: after a stop or reset the far process has let go of the driver's memory as soon as all that it took was used,
 * or, where the connection ended before, as soon as it answers on a new one or nobody listens any more. Until then these
 * ops fail with ETIMEDOUT and can be repeated.
 *
 * <p>Threads: ops and the device's own thread meet at one lock, which is held during exchanges of messages, so no longer
 * than their deadline. Status, configuration and kicks take no lock.
 */
final class FarDevice implements VdpaParentDevice {

    private static final Logger LOG = LoggerFactory.getLogger(FarDevice.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final String name;
    private final FarWords words;
    private final Settings settings;
    private final FarOffer told;
    private final VdpaConfigOps ops;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition letGo = lock.newCondition();
    private final BackOff backOff = new BackOff();
    private final AtomicBoolean changed = new AtomicBoolean();
    private final Runnable socketReady = this::socketReady;
    private final Runnable backChannelReady = this::backChannelReady;
    private final EventThread events;
    private final FarRings rings;

    // under the lock
    private FarSession session;
    /** A far process that is disconnected may still use the driver's memory. */
    private boolean lingering;
    private boolean closed;
    private int slots;
    private long accepted;
    /** What the driver wrote to the configuration, for the next far process. */
    private final Map<Integer, byte[]> configWrites = new LinkedHashMap<>();

    // for any thread, written under the lock
    private volatile int status;
    private volatile ConfigBytes config;
    private volatile int generation;
    private volatile ConfigCallback callback;
    private volatile Health connection = Health.OK;
    private volatile String broken = "";
    private volatile long process;

    private FarDevice(String name, FarWords words, Settings settings, FarSession first) throws LinuxException {
        this.name = name;
        this.words = words;
        this.settings = settings;
        this.told = first.offer();
        this.config = told.config();
        this.slots = first.slots();
        this.session = first;
        this.process = first.process();
        this.ops = told.inflight() ? new FarOps.WithRecord(this) : new FarOps(this);
        backOff.cameAt(System.nanoTime());
        this.events = EventThread.start("busbar-" + name, this::tick);
        this.rings = new FarRings(name, told.queues(), words.queueSize(), events, this::queueFailed);
    }

    /**
     * Makes the device of a far process that is there.
     *
     * @param patienceNanos how long that may take
     * @throws FarException if nobody is there, or who is there does not answer, lies, or lacks what is needed
     */
    static FarDevice connect(String name, FarWords words, Settings settings, long patienceNanos) throws FarException {
        FarSession first = FarSession.open(words, Math.min(settings.messageNanos(), patienceNanos), patienceNanos);
        FarDevice device = null;
        try {
            device = new FarDevice(name, words, settings, first);
            device.watch(first);
            return device;
        } catch (LinuxException e) {
            first.close();
            if (device != null) {
                device.close();
            }
            throw new FarException(Reason.INTERNAL, e.getMessage(), e);
        }
    }

    // As a parent device

    @Override
    public VdpaConfigOps ops() {
        return ops;
    }

    @Override
    public int vqCount() {
        return told.queues();
    }

    @Override
    public Health health() {
        Health now = connection;
        if (!now.ok()) {
            return now;
        }
        String why = broken;
        return why.isEmpty() ? Health.OK : new Health(Reason.DEVICE_NEEDS_RESET, why);
    }

    @Override
    public Map<String, String> details() {
        Map<String, String> details = new LinkedHashMap<>();
        details.put("socket", words.socket().toString());
        details.put("class", words.type().word());
        long far = process;
        if (far != 0) {
            details.put("far_process", Long.toString(far));
        }
        return details;
    }

    // What the ops use

    FarOffer told() {
        return told;
    }

    int mostEntries() {
        return rings.mostEntries();
    }

    int status() {
        return status;
    }

    ConfigBytes config() {
        return config;
    }

    int generation() {
        return generation;
    }

    void callback(ConfigCallback next) {
        callback = next;
    }

    long accepted() {
        lock.lock();
        try {
            return accepted;
        } finally {
            lock.unlock();
        }
    }

    void accept(long features) {
        lock.lock();
        try {
            accepted = features;
        } finally {
            lock.unlock();
        }
    }

    /** Signals the far process. Any thread; never waits. */
    void kick(int index) {
        rings.queue(index).kick();
    }

    /** Something that is done to a queue under the lock. */
    @FunctionalInterface
    interface QueueOp {
        void run(FarQueue queue) throws VdpaException, LinuxException;
    }

    /** Does it to a queue, under the lock. */
    void onQueue(int index, QueueOp op) throws VdpaException {
        lock.lock();
        try {
            op.run(rings.queue(index));
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EINVAL, e.getMessage());
        } finally {
            lock.unlock();
        }
    }

    /** Adds status bits; FEATURES_OK stays clear for features that cannot work; DRIVER_OK starts the queues. */
    void addStatus(int bits) {
        lock.lock();
        try {
            int added = bits & ~status;
            int next = bits;
            if ((added & VIRTIO_CONFIG_S_FEATURES_OK) != 0
                    && FeatureRules.refusal(told.type().deviceId(), told.features(), accepted).isPresent()) {
                next &= ~(VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
            }
            status |= next;
            if ((added & next & VIRTIO_CONFIG_S_DRIVER_OK) != 0) {
                goLive();
            }
        } finally {
            lock.unlock();
        }
    }

    /** A queue is ready: it starts if the others run. */
    void startQueue(FarQueue queue) throws VdpaException {
        queue.checkPlace(rings.memory(), accepted);
        queue.ready = true;
        if (live()) {
            withSession(far -> {
                rings.start(far, queue);
                far.settle();
            });
        }
    }

    /** Stops a queue, and waits until nothing that it took is in flight. */
    void stopQueue(FarQueue queue) throws VdpaException {
        queue.ready = false;
        if (queue.running) {
            withSession(far -> rings.stop(far, queue));
        }
        awaitLetGo(queue);
    }

    /** A descriptor of a queue, or its callback, is another one: the far process that runs it is told. */
    void tellKick(FarQueue queue) {
        if (queue.running) {
            withSession(far -> far.setKick(queue));
        }
    }

    /** As {@link #tellKick}. */
    void tellCall(FarQueue queue) {
        if (queue.running) {
            withSession(far -> {
                rings.prepareCalls(queue);
                far.setCall(queue);
            });
        }
    }

    /**
     * Replaces the driver's memory; when the call returns the far process does not use the old one. One that runs is told
     * the difference. To one that does not a driver with other memory comes as a new connection: libvhost keeps the rings of
     * the driver before, and fails when they are not in the new memory.
     */
    void setMemory(DriverMemory memory) throws VdpaException {
        lock.lock();
        try {
            FarMemory.check(memory, slots);
            rings.memory(memory);
            withSession(far -> {
                boolean done = live() ? far.setMemory(memory) : !far.hasOtherMemory(memory);
                if (!done) {
                    connectAnew(far);
                }
            });
            awaitLetGo(null);
        } finally {
            lock.unlock();
        }
    }

    /** Resets the device; memory stays. */
    void reset() throws VdpaException {
        lock.lock();
        try {
            for (int i = 0; i < told.queues(); i++) {
                FarQueue queue = rings.queue(i);
                queue.ready = false; // also for a far process that comes while this one does not let go
                if (queue.running) {
                    withSession(far -> rings.stop(far, queue));
                }
            }
            for (int i = 0; i < told.queues(); i++) {
                awaitLetGo(rings.queue(i));
            }
            if (status != 0) {
                withSession(FarSession::reset);
                awaitLetGo(null);
            }
            rings.reset();
            callback = null;
            accepted = 0;
            broken = "";
            status = 0;
        } finally {
            lock.unlock();
        }
    }

    /** Writes to the configuration. */
    void writeConfig(int offset, byte[] bytes) throws VdpaException {
        lock.lock();
        try {
            VdpaException[] refusal = new VdpaException[1];
            requireSession();
            withSession(far -> {
                try {
                    far.writeConfig(offset, bytes);
                    configWrites.put(offset, bytes.clone());
                    config = far.config();
                } catch (RefusedException e) {
                    refusal[0] = new VdpaException(VdpaError.EINVAL, e.getMessage());
                }
            });
            if (refusal[0] != null) {
                throw refusal[0];
            }
            requireSession();
        } finally {
            lock.unlock();
        }
    }

    /** Has a record of requests in flight made; its descriptor is the caller's. */
    InflightArea makeRecord(int queues, int queueSize) throws VdpaException {
        lock.lock();
        try {
            InflightArea[] made = new InflightArea[1];
            withSession(far -> {
                FarRecord kept = far.makeRecord(queues, queueSize);
                made[0] = new InflightArea(kept.file().number(), kept.size(), kept.offset(), queues, queueSize);
            });
            requireSession();
            return made[0];
        } finally {
            lock.unlock();
        }
    }

    /** Uses a record of the driver's from the next start on, or none of it. */
    void useRecord(InflightArea area) throws VdpaException {
        lock.lock();
        try {
            rings.record(area == null ? null : FarRecord.of(area));
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EINVAL, e.getMessage());
        } finally {
            lock.unlock();
        }
    }

    private void requireSession() throws VdpaException {
        if (session == null) {
            Health why = connection;
            throw new VdpaException(VdpaError.EAGAIN, why.ok() ? Reason.NOT_CONNECTED : why.reason(), why.sentence(), null);
        }
    }

    // Under the lock

    private boolean live() {
        return (status & VIRTIO_CONFIG_S_DRIVER_OK) != 0 && (status & VIRTIO_CONFIG_S_NEEDS_RESET) == 0;
    }

    private void goLive() {
        withSession(far -> {
            try {
                rings.startAll(far, accepted);
                far.setStatus(status);
                far.settle();
            } catch (VdpaException e) {
                breakDown(e.getMessage());
            }
        });
    }

    /** Something that is said to the far process. */
    @FunctionalInterface
    private interface Saying {
        void to(FarSession far) throws FarException, LinuxException;
    }

    /** Says something to the far process that is there; if that fails, it is there no more. */
    private void withSession(Saying saying) {
        FarSession far = session;
        if (far == null) {
            return;
        }
        try {
            saying.to(far);
        } catch (FarException e) {
            lose(far, new Health(e.reason(), e.getMessage()));
        } catch (LinuxException e) {
            lose(far, new Health(Reason.INTERNAL, e.getMessage()));
        }
    }

    /** Waits until the far process uses the queue, or after a disconnection the memory of any, no more. */
    private void awaitLetGo(FarQueue queue) throws VdpaException {
        long end = System.nanoTime() + settings.drainNanos();
        while (lingering || queue != null && queue.draining && !rings.drained(queue)) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                throw stuck();
            }
            try {
                letGo.awaitNanos(Math.min(left, LOOK_NANOS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw stuck();
            }
        }
        if (queue != null) {
            queue.draining = false;
        }
    }

    /** What does not end by itself ends with the connection, at the latest when the far process answers on a new one. */
    private VdpaException stuck() {
        String sentence = "the far process did not let go of the driver's memory in "
                + TimeUnit.NANOSECONDS.toMillis(settings.drainNanos()) + " ms";
        Health why = new Health(Reason.BACKEND_STUCK, sentence);
        if (session != null) {
            lose(session, why);
        } else if (connection.ok()) {
            connection = why;
        }
        return new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, sentence, null);
    }

    /** The far process is disconnected, for a reason that is shown until one is connected again. */
    private void lose(FarSession far, Health why) {
        if (session != far) {
            return;
        }
        boolean used = rings.anyInUse();
        disconnect(far);
        lingering |= used;
        connection = why;
        LOG.debug("{}: {}", name, why.sentence());
        Optional<String> unknown = rings.farLeft();
        if (unknown.isPresent() && live()) {
            breakDown(unknown.get());
        }
        backOff.leftAt(System.nanoTime());
        letGo.signalAll();
        events.wake();
    }

    /** A new connection begins with nothing of an old driver's. */
    private void connectAnew(FarSession far) {
        disconnect(far);
        lingering = true;
        backOff.now(System.nanoTime());
        events.wake();
    }

    private void disconnect(FarSession far) {
        session = null;
        process = 0;
        events.forget(far.fd(), socketReady);
        far.backChannel().ifPresent(channel -> events.forget(channel.fd(), backChannelReady));
        far.close();
    }

    private void watch(FarSession far) throws LinuxException {
        events.watch(far.fd(), socketReady);
        if (far.backChannel().isPresent()) {
            events.watch(far.backChannel().get().fd(), backChannelReady);
        }
    }

    private void breakDown(String sentence) {
        broken = sentence;
        status |= VIRTIO_CONFIG_S_NEEDS_RESET;
        tellDriverSoon();
    }

    private void tellDriverSoon() {
        changed.set(true);
        events.wake();
    }

    /** The configuration may be another one. */
    private void newConfig(ConfigBytes now) {
        if (!now.sameAs(config)) {
            config = now;
            generation++;
            tellDriverSoon();
        }
    }

    // On the device's thread

    /** Tells the driver what changed, and tries to connect when it is time; returns how long to wait. */
    private long tick() {
        if (changed.getAndSet(false)) {
            tellDriver();
        }
        if (!due()) {
            return untilDue();
        }
        try {
            adopt(FarSession.open(words, settings.messageNanos(), settings.messageNanos()));
        } catch (FarException e) {
            absent(e);
        }
        return 0;
    }

    private boolean due() {
        lock.lock();
        try {
            return session == null && !closed && backOff.left(System.nanoTime()) <= 0;
        } finally {
            lock.unlock();
        }
    }

    private long untilDue() {
        lock.lock();
        try {
            return session != null || closed ? -1 : Math.max(0, backOff.left(System.nanoTime()));
        } finally {
            lock.unlock();
        }
    }

    private void tellDriver() {
        ConfigCallback driver = callback;
        try {
            if (driver != null) {
                driver.configChanged();
            }
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{}: the config callback failed", name, thrown);
        }
    }

    private void absent(FarException why) {
        lock.lock();
        try {
            connection = new Health(why.reason(), why.getMessage());
            if (why instanceof NobodyThereException) {
                lingering = false;
            }
            backOff.failedAt(System.nanoTime());
            letGo.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** A far process is there: goes on with it if it is what the driver was told. */
    private void adopt(FarSession far) {
        lock.lock();
        try {
            lingering = false; // it has ended with the old connection
            letGo.signalAll();
            Optional<String> difference = told.brokenBy(far.offer());
            if (closed || difference.isPresent()) {
                far.close();
                connection = new Health(Reason.FEATURES_MISMATCH,
                        "the far process is not what the driver was told: " + difference.orElse(""));
                backOff.failedAt(System.nanoTime());
                return;
            }
            session = far;
            slots = far.slots();
            backOff.cameAt(System.nanoTime());
            withSession(this::takeUp);
        } finally {
            lock.unlock();
        }
    }

    private void takeUp(FarSession far) throws FarException, LinuxException {
        watch(far);
        for (Map.Entry<Integer, byte[]> write : configWrites.entrySet()) {
            far.writeConfig(write.getKey(), write.getValue());
        }
        newConfig(configWrites.isEmpty() ? far.offer().config() : far.config());
        process = far.process();
        connection = Health.OK;
        if (live()) {
            goLive();
            rings.callAll();
        }
    }

    /** Something to read where nothing is expected: the far process left, or talks out of turn. */
    private void socketReady() {
        lock.lock();
        try {
            withSession(FarSession::expectQuiet);
        } finally {
            lock.unlock();
        }
    }

    private void backChannelReady() {
        lock.lock();
        try {
            withSession(this::listen);
        } finally {
            lock.unlock();
        }
    }

    private void listen(FarSession far) throws FarException {
        BackChannel channel = far.backChannel().orElseThrow();
        switch (channel.read()) {
            case NOTHING -> { }
            case GOOD_BYE -> events.forget(channel.fd(), backChannelReady);
            case CONFIG_CHANGED -> {
                newConfig(far.config());
                if (far.needsReset() && live()) {
                    breakDown("the far process needs a reset");
                }
            }
        }
    }

    private void queueFailed(int index) {
        lock.lock();
        try {
            if (session != null && rings.queue(index).running && live()) {
                breakDown("the far process gave up queue " + index);
            }
        } finally {
            lock.unlock();
        }
    }

    // The end

    /** Leaves the far process. */
    void close() {
        lock.lock();
        try {
            closed = true;
            if (session != null) {
                disconnect(session);
            }
            letGo.signalAll();
        } finally {
            lock.unlock();
        }
        events.close();
        lock.lock();
        try {
            rings.close();
        } finally {
            lock.unlock();
        }
    }
}
