package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.DetailedBackend;
import io.busbar.api.backend.FencedBackend;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.ResizableBackend;
import io.busbar.api.device.DataPath;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.ModelState;
import io.busbar.api.device.PullingDeviceModel;
import io.busbar.api.device.QueuePause;
import io.busbar.api.device.StatefulDeviceModel;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.FeatureNames;
import io.busbar.core.virtio.VirtioConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a software device is made of: the data path, which stays, and the model and the backend, which may leave and come
 * back.
 *
 * <p>While one of them is away the data path has no model, so that its queues hold. What leaves while requests are in its
 * hands is let go, and replaced, only when they have ended: a request is never in two hands.
 *
 * <p>Threads: see the package. State is changed under {@link #lock()}; what is read without it is volatile.
 */
final class DeviceParts implements OpenBackend.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceParts.class);
    private static final long FIRST_RETRY_MILLIS = 500;
    private static final long LAST_RETRY_MILLIS = 30_000;
    private static final long IDLE_SECONDS = 1;

    private final String name;
    private volatile PartsOpener opener;
    private final Notifications notifications;
    private final DeviceStatus status;
    private final ReentrantLock lock = new ReentrantLock();
    private final ScheduledThreadPoolExecutor recovery;
    private final PastStatistics past = new PastStatistics();
    private final Map<Integer, byte[]> configWrites = new LinkedHashMap<>();
    private final List<LastingViewer> viewers = new CopyOnWriteArrayList<>();

    private volatile DataPath path;
    private long features;
    private int vqCount;
    private volatile List<String> channels = List.of();
    private int configSize;

    private volatile DeviceModelFactory modelFactory;
    private volatile DeviceModel model;
    private volatile OpenBackend backend;
    private volatile boolean attached;
    private boolean modelGone;
    private boolean backendGone;
    private boolean closed;
    /** It could not be made, or nobody took it. */
    private boolean refused;
    private long accepted;
    private boolean linkDown;
    private long retryMillis = FIRST_RETRY_MILLIS;
    /** Asked of a backend that has left, and could not say that its storage is free of what it was asked for; null if there is none. */
    private StorageFence unsure;
    private boolean swapping;
    /** Another process is given what the parts have open, which must not be closed meanwhile. */
    private boolean handingOver;
    private volatile SwapCounts swaps = SwapCounts.NONE;
    private volatile String copied = "";
    private volatile byte[] lastConfig = {};
    /** What a model that left would have handed over; null if there is nothing. */
    private ModelState lastState;
    private volatile Health trouble = Health.OK;
    private volatile Absence absence = new Absence(HoldPolicy.HOLD);
    /** What fails requests in the place of the backend that left, if anything can. */
    private Optional<Backend> standIn = Optional.empty();

    private DeviceParts(PartsOpener opener, DeviceStatus status) {
        this.name = opener.request().name();
        this.status = status;
        this.opener = opener;
        this.notifications = opener.notifications();
        recovery = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("busbar-recovery-" + name).factory());
        recovery.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        recovery.allowCoreThreadTimeOut(true);
        recovery.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Opens everything, or nothing.
     *
     * @param type          the device type
     * @param request       the device's name and words
     * @param services      what devices use
     * @param notifications tells the driver
     * @param status        told of broken queues
     * @param before        what the backend of another process has handed over, if this one's takes its place
     * @throws VdpaException with the sentence of whichever part refuses
     */
    static DeviceParts open(
            SimClass type,
            AddRequest request,
            SimServices services,
            Notifications notifications,
            DeviceStatus status,
            Optional<BackendState> before)
            throws VdpaException {
        DeviceParts parts = new DeviceParts(new PartsOpener(
                type, request, services, notifications, new Misbehaviour()), status);
        try {
            parts.openAll(before);
            return parts;
        } catch (VdpaException | RuntimeException | LinkageError wrong) {
            parts.revoke();
            throw wrong;
        }
    }

    private void openAll(Optional<BackendState> before) throws VdpaException {
        modelFactory = opener.findModel().orElseThrow(() -> missing(opener.noModel()));
        DeviceWords words = opener.words(modelFactory);
        absence = new Absence(words.hold());
        BackendFactory backendFactory = opener.findBackend(modelFactory, words)
                .orElseThrow(() -> missing(opener.noBackend(modelFactory, words.backend())));
        model = opener.create(modelFactory, words, this::wake);
        channels = PartsOpener.channels(model);
        backend = opener.open(modelFactory, backendFactory, words, channels, before, this);
        model.attach(backend.face());
        features = offered(model);
        vqCount = model.vqCount();
        configSize = model.configSize();
        path = opener.services().engine().open(name, vqCount, status);
        attached = true;
        path.attach(model);
    }

    private static VdpaException missing(Health health) {
        return new VdpaException(VdpaError.ENODEV, health.reason(), health.sentence(), null);
    }

    /** The model's features and the rings'. A driver in a guest knows no addresses but its own: no ACCESS_PLATFORM. */
    private long offered(DeviceModel model) {
        long rings = opener.services().engine().ringFeatures() | VirtioConfig.bit(VirtioConfig.VIRTIO_F_VERSION_1);
        return model.deviceFeatures() | rings & ~VirtioConfig.bit(VirtioConfig.VIRTIO_F_ACCESS_PLATFORM);
    }

    // What the ops use

    /** Held while the data path, the model or the backend is changed. */
    ReentrantLock lock() {
        return lock;
    }

    DataPath path() {
        return path;
    }

    /** Returns the features that are offered, the same for the life of the device. */
    long features() {
        return features;
    }

    int vqCount() {
        return vqCount;
    }

    int configSize() {
        return configSize;
    }

    /** Tells the model what the driver accepted; 0 at a reset. Under the lock. */
    void accept(long driverFeatures) {
        accepted = driverFeatures;
        if (driverFeatures == 0) {
            configWrites.clear();
            lastState = null;
        }
        if (model != null) {
            model.setDriverFeatures(driverFeatures);
        }
    }

    /** Reads the configuration: the model's, or what it was before something left. Any thread. */
    void readConfig(int offset, byte[] target) {
        DeviceModel now = model;
        if (attached && now != null) {
            now.readConfig(offset, target);
            return;
        }
        Arrays.fill(target, (byte) 0);
        byte[] last = lastConfig;
        if (offset >= 0 && offset < last.length) {
            System.arraycopy(last, offset, target, 0, Math.min(target.length, last.length - offset));
        }
    }

    /** Writes fields of the configuration, and remembers them for the next model. Under the lock. */
    void writeConfig(int offset, byte[] source) throws VdpaException {
        checkAttached();
        model.writeConfig(offset, source);
        configWrites.put(offset, source.clone());
    }

    private void checkAttached() throws VdpaException {
        if (!attached) {
            throw new VdpaException(VdpaError.EAGAIN, trouble.reason(), trouble.sentence(), null);
        }
    }

    /** Returns a queue's counters: those of the models, then the ring's. Any thread. */
    Map<String, Long> statistics(int queue) {
        Map<String, Long> statistics = past.with(model, queue);
        path.counters(queue).forEach((counter, count) -> statistics.merge(counter, count, Long::sum));
        return statistics;
    }

    /** Returns what the model or the backend does beyond the config ops. */
    SimOpsVariants.Extra extra() {
        OpenBackend now = backend;
        if (now != null && now.backend() instanceof ResizableBackend) {
            return SimOpsVariants.Extra.CAPACITY;
        }
        return switch (model) {
            case LinkControl _ -> SimOpsVariants.Extra.LINK;
            case ConsoleAccess _ -> SimOpsVariants.Extra.CONSOLE;
            default -> SimOpsVariants.Extra.NONE;
        };
    }

    /** Takes the link down or up, and remembers it for the next model. Under the lock. */
    void setLink(boolean up) throws VdpaException {
        checkAttached();
        if (!(model instanceof LinkControl link)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, "the device model has no link");
        }
        link.setLink(up);
        linkDown = !up;
    }

    /** Returns what looks at a console. Any thread. */
    ConsoleAccess console() throws VdpaException {
        if (model instanceof ConsoleAccess console) {
            return console;
        }
        Health now = trouble;
        throw new VdpaException(VdpaError.EAGAIN, now.reason(), now.sentence(), null);
    }

    /** Begins to look at a console, for as long as one model takes the place of the other. Any thread; waits for a swap. */
    ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
        lock.lock();
        try {
            LastingViewer viewer = new LastingViewer(name, console().view(port, mode, who), viewers::remove);
            viewers.add(viewer);
            return viewer;
        } finally {
            lock.unlock();
        }
    }

    /** Returns what the backend says of itself beside its words. Any thread. */
    Map<String, String> backendDetails() {
        OpenBackend opened = backend;
        return opened != null && opened.backend() instanceof DetailedBackend detailed ? detailed.details() : Map.of();
    }

    /** Changes the capacity while the queues hold: no request is in flight that was checked against another. Under the lock. */
    void resize(long bytes) throws VdpaException {
        checkAttached();
        if (!(backend.backend() instanceof ResizableBackend resizable)) {
            throw new VdpaException(
                    VdpaError.EOPNOTSUPP, "backend " + backend.factory().name() + " cannot change its size");
        }
        try {
            path.detach();
            resizable.resize(bytes);
        } catch (BackendException refused) {
            throw BackendErrors.of(refused);
        } finally {
            path.attach(model);
        }
        opener = opener.resized(bytes);
    }

    /** Returns the words that the device is opened with; a resize changes one. Any thread. */
    Map<String, String> words() {
        return opener.request().attributes();
    }

    /** Returns what is wrong with the parts, if anything is. Any thread. */
    Health health() {
        Health now = trouble;
        if (!now.ok()) {
            return absence.tell(now);
        }
        Health engine = path.health();
        if (!engine.ok()) {
            return engine;
        }
        OpenBackend opened = backend;
        String failure = opened == null ? "" : opened.context().failure();
        if (!failure.isEmpty()) {
            return new Health(Reason.BACKEND_FAILED, failure);
        }
        String overdue = path.overdue();
        if (!overdue.isEmpty()) {
            return new Health(Reason.REQUEST_OVERDUE, overdue);
        }
        return opened != null && opened.backend() instanceof NetBackend network && !network.info().linkUp()
                ? new Health(Reason.LINK_DOWN, network.linkDownReason())
                : Health.OK;
    }

    /** Returns whether the device is to be removed, as its backend is away for too long. Any thread. */
    boolean isExpired() {
        return absence.policy().then() == HoldPolicy.Then.REMOVE && absence.isOver();
    }

    /** Adds what backends did that they should not to what the device says of itself. Any thread. */
    void showMisbehaviour(Map<String, String> details) {
        List<Map<String, Long>> counters = new ArrayList<>();
        for (int queue = 0; queue < vqCount; queue++) {
            counters.add(statistics(queue));
        }
        opener.misbehaviour().show(details, counters);
    }

    /** Returns which bundle the backend comes from; empty while it is away. */
    String backendOrigin() {
        OpenBackend opened = backend;
        return opened == null ? "" : opened.factory().origin();
    }

    /** Returns which bundle the model comes from; empty while it is away. */
    String modelOrigin() {
        DeviceModelFactory factory = modelFactory;
        return factory == null ? "" : opener.services().factories().origin(factory);
    }

    // What is swapped

    /**
     * What a swap begins with.
     *
     * @param opener  opens parts with the words of now
     * @param factory who made the model
     * @param backend the backend of now
     */
    record Present(PartsOpener opener, DeviceModelFactory factory, OpenBackend backend) {}

    /**
     * Begins a swap, of which there is one at a time.
     *
     * @throws VdpaException EBUSY, ENODEV if the device was deleted, or why it has no backend
     */
    Present beginSwap() throws VdpaException {
        lock.lock();
        try {
            checkNotClosed();
            checkAttached();
            if (swapping) {
                throw new VdpaException(VdpaError.EBUSY, Reason.NONE, "another swap of it is under way", null);
            }
            swapping = true;
            return new Present(opener, modelFactory, backend);
        } finally {
            lock.unlock();
        }
    }

    private void checkNotClosed() throws VdpaException {
        if (closed) {
            throw new VdpaException(VdpaError.ENODEV, Reason.NOT_FOUND, "the device was deleted", null);
        }
    }

    /** As {@link #beginSwap}; what leaves until {@link #endSwap} is let go after it. */
    Present beginHandingOver() throws VdpaException {
        lock.lock();
        try {
            Present present = beginSwap();
            handingOver = true;
            return present;
        } finally {
            lock.unlock();
        }
    }

    void endSwap() {
        lock.lock();
        try {
            swapping = false;
            handingOver = false;
        } finally {
            lock.unlock();
        }
    }

    /** Checks that what the driver was told holds with another backend. */
    void checkSuccessor(Present before, OpenBackend next) throws VdpaException {
        lock.lock();
        try {
            checkNotClosed();
            checkAttached();
            if (backend != before.backend()) {
                throw new VdpaException(VdpaError.EAGAIN, Reason.NO_BACKEND,
                        "its backend left, and came back, while the new one was opened", null);
            }
            model.checkSuccessor(next.face());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts a backend into the place of another one while nothing is in flight; the caller closes the other one.
     *
     * @param before   what the swap began with
     * @param to       opens parts with the words from now on
     * @param next     the new backend
     * @param deadline for what is in flight
     * @throws VdpaException what refuses; the backend is the one before then
     */
    QueuePause exchange(Present before, PartsOpener to, OpenBackend next, Duration deadline) throws VdpaException {
        return exchange(before, to, next, succession -> inTurn(before, deadline, succession), false);
    }

    /**
     * As {@link #exchange}, but what does not end is taken away from the backend before, which does not go on after that: if the
     * exchange is refused then, the device holds until it has a backend again.
     *
     * @param sameStorage whether both have the same storage, from which the backend before can keep its requests
     */
    QueuePause exchangeByForce(
            Present before, PartsOpener to, OpenBackend next, Duration deadline, boolean sameStorage) throws VdpaException {
        return exchange(before, to, next, succession -> byForce(before, deadline, succession), sameStorage);
    }

    /** Has the data path make an exchange. */
    private interface Way {
        QueuePause make(DataPath.Exchange succession) throws VdpaException;
    }

    /** An exchange that has begun and does not come back may have changed anything: the device holds until it has a backend again. */
    private QueuePause inTurn(Present before, Duration deadline, DataPath.Exchange succession) throws VdpaException {
        try {
            return path.exchange(deadline, succession);
        } catch (VdpaException refused) {
            if (refused.error() == VdpaError.EIO && refused.reason() == Reason.BACKEND_STUCK) {
                lost(before.backend());
            }
            throw refused;
        }
    }

    private QueuePause byForce(Present before, Duration deadline, DataPath.Exchange succession) throws VdpaException {
        try {
            return path.exchangeByForce(deadline, succession);
        } catch (VdpaException refused) {
            if (refused.error() == VdpaError.EIO) {
                lost(before.backend());
            }
            throw refused;
        }
    }

    private QueuePause exchange(Present before, PartsOpener to, OpenBackend next, Way way, boolean fenceStorage)
            throws VdpaException {
        lock.lock();
        try {
            checkSuccessor(before, next);
            byte[] told = config();
            QueuePause pause = unheard(way, () -> {
                if (fenceStorage && before.backend().backend() instanceof FencedBackend fenced) {
                    unsure = new StorageFence(name, before.backend(), fenced);
                    unsure.raise();
                    unsure = null;
                }
                model.attach(next.face());
                return model;
            });
            before.backend().context().close();
            backend = next;
            opener = to;
            swapped(pause, told);
            return pause;
        } finally {
            lock.unlock();
        }
    }

    /** The driver is told of what is noticed in an exchange when that is over. */
    private QueuePause unheard(Way way, DataPath.Exchange exchange) throws VdpaException {
        notifications.hold();
        try {
            return way.make(exchange);
        } finally {
            notifications.release();
        }
    }

    /** What is done while nothing is in flight, before a new backend gets requests. */
    @FunctionalInterface
    interface LastStep {

        /**
         * Does it; the driver waits.
         *
         * @throws VdpaException if the new backend must not be used; the old one goes on
         */
        void run() throws VdpaException;
    }

    /**
     * As {@link #exchange(Present, PartsOpener, OpenBackend, Duration)}, with something that is done before the new backend gets
     * requests.
     *
     * @param last done while nothing is in flight
     */
    QueuePause exchange(Present before, PartsOpener to, OpenBackend next, Duration deadline, LastStep last)
            throws VdpaException {
        lock.lock();
        try {
            // A model that came meanwhile has its requests go past what watched them.
            checkPresent(before);
            return exchange(before, to, next, succession -> inTurn(before, deadline, () -> {
                last.run();
                return succession.run();
            }), false);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Has requests go through something that stands before the backend, or again to the backend itself, while nothing is in flight.
     *
     * @param before   what the swap began with
     * @param through  has the properties of the backend
     * @param deadline for what is in flight
     * @throws VdpaException if that is not the backend any more, or what refuses; all is as it was then
     */
    void lead(Present before, BlockBackend through, Duration deadline) throws VdpaException {
        lock.lock();
        try {
            checkPresent(before);
            inTurn(before, deadline, () -> {
                model.attach(through);
                return model;
            });
        } finally {
            lock.unlock();
        }
    }

    /** Takes note of how far a copy of the content has come; empty if there is none. Any thread. */
    void copied(String progress) {
        copied = progress;
    }

    /** Returns how far a copy of the content has come; empty if there is none. Any thread. */
    String copied() {
        return copied;
    }

    /** The driver is told if its configuration is not what it was. */
    private void swapped(QueuePause pause, byte[] told) {
        swaps = swaps.and(pause.nanos());
        quietly("configuration", () -> {
            if (!Arrays.equals(told, config())) {
                notifications.configChanged();
            }
        });
    }

    /**
     * Makes a model that could take the place of the one that is there; the caller closes it if it does not come to that.
     *
     * @param before  what the swap began with
     * @param factory makes it
     * @throws VdpaException if it has other queues or channels, or offers something else, than the driver was told
     */
    DeviceModel makeSuccessor(Present before, DeviceModelFactory factory) throws VdpaException {
        DeviceModel next = before.opener().create(factory, before.opener().words(factory), this::wake);
        try {
            lock.lock();
            try {
                checkPresent(before);
                checkShape(next);
                next.attach(backend.face());
                checkOffer(next);
            } finally {
                lock.unlock();
            }
        } catch (VdpaException | RuntimeException | LinkageError refused) {
            dropSuccessor(next);
            throw refused;
        }
        return next;
    }

    /** Ends a model that did not take another one's place. */
    void dropSuccessor(DeviceModel next) {
        quietly("detach", next::detach);
        quietly("close", next::close);
    }

    /** Checks that a swap is still about the backend and model that it began with. */
    void checkStillPresent(Present before) throws VdpaException {
        lock.lock();
        try {
            checkPresent(before);
        } finally {
            lock.unlock();
        }
    }

    private void checkPresent(Present before) throws VdpaException {
        checkNotClosed();
        checkAttached();
        if (backend != before.backend() || modelFactory != before.factory()) {
            throw new VdpaException(VdpaError.EAGAIN, Reason.NO_BACKEND,
                    "its backend or model left, and came back, while the swap was under way", null);
        }
    }

    /** Queues of a device stay what they are: who owns them, and which way their chains go. */
    private void checkShape(DeviceModel next) throws VdpaException {
        boolean same = next.vqCount() == vqCount && next.configSize() == configSize
                && PartsOpener.channels(next).equals(channels);
        for (int queue = 0; same && queue < vqCount; queue++) {
            same = kind(next, queue).equals(kind(model, queue));
        }
        if (!same) {
            throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, "the new device model has "
                    + next.vqCount() + " queues, channels " + PartsOpener.channels(next) + " and " + next.configSize()
                    + " bytes of configuration: expected the same kinds of queues as the driver uses, " + vqCount + ", "
                    + channels + " and " + configSize, null);
        }
    }

    private static List<Integer> kind(DeviceModel model, int queue) {
        return model instanceof PullingDeviceModel pulling
                ? List.of(pulling.pulls(queue) ? 1 : 0, pulling.queueGroup(queue))
                : List.of(0, queue);
    }

    /**
     * Has the code of a new model, and of what hands over to it, at hand before a driver waits for it.
     *
     * @throws VdpaException why the new one could not take over
     */
    void rehearseModel(Present before, DeviceModelFactory factory, DeviceModel next) throws VdpaException {
        BundleCode code = before.opener().services().code();
        code.load(model);
        rehearse(code, next, () ->
                new Rehearsal(before.opener(), driverFeatures()).of(before.factory(), factory, before.backend().face()));
    }

    /** Has a new part do on the side what it is to do. */
    private interface Rehearsing {
        void run() throws VdpaException;
    }

    /** Code that was refused is tried again. */
    private static void rehearse(BundleCode code, Object next, Rehearsing rehearsal) throws VdpaException {
        code.load(next);
        if (!code.beginsRehearsal(next)) {
            return;
        }
        boolean done = false;
        try {
            rehearsal.run();
            done = true;
        } finally {
            if (!done) {
                code.failedRehearsal(next);
            }
        }
    }

    /** As {@link #rehearseModel}, of a new backend. */
    void rehearseBackend(Present before, PartsOpener to, OpenBackend next) throws VdpaException {
        BundleCode code = before.opener().services().code();
        code.load(model);
        code.load(before.backend().backend());
        rehearse(code, next.backend(), () -> new Rehearsal(to, driverFeatures()).of(before.factory(), next.face()));
    }

    /** Returns what the driver accepted, or could accept if there is none. */
    private long driverFeatures() {
        lock.lock();
        try {
            return accepted == 0 ? features : accepted;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts a model into the place of another one while nothing is in flight, and closes the other one.
     *
     * @param before   what the swap began with
     * @param factory  who made the new model
     * @param next     the new model
     * @param deadline for what is in flight
     * @throws VdpaException what refuses; the model is the one before then
     */
    QueuePause exchangeModel(Present before, DeviceModelFactory factory, DeviceModel next, Duration deadline)
            throws VdpaException {
        lock.lock();
        try {
            checkPresent(before);
            byte[] told = config();
            DeviceModel old = model;
            QueuePause pause;
            try (HeldViewers held = HeldViewers.hold(viewers, deadline)) {
                pause = unheard(exchange -> inTurn(before, deadline, exchange), () -> succeed(old, next, held));
            }
            quietly("statistics", () -> past.keep(old, vqCount));
            model = next;
            modelFactory = factory;
            swapped(pause, told);
            quietly("detach", old::detach);
            quietly("close", old::close);
            return pause;
        } finally {
            lock.unlock();
        }
    }

    /** Has a model go on from where another one is, which is left as it is; no chain is in flight. */
    private DeviceModel succeed(DeviceModel old, DeviceModel next, HeldViewers held) throws VdpaException {
        boolean done = false;
        try {
            tellAgain(next);
            if (old instanceof StatefulDeviceModel stateful) {
                handOver(stateful.saveState(), next);
            }
            done = true;
            held.follow(next);
            return next;
        } finally {
            if (!done) {
                // The new one may have told the backend what the old one would not have.
                old.attach(backend.face());
            }
        }
    }

    static void handOver(ModelState state, DeviceModel next) throws VdpaException {
        if (!(next instanceof StatefulDeviceModel stateful)) {
            throw new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN,
                    "the new device model takes no state over: expected one that knows " + state, null);
        }
        stateful.restoreState(state);
    }

    // To and from another process

    /** Has the parts work once on the side, before there is a driver whom that would hold up. */
    void rehearse() throws VdpaException {
        Present now = beginSwap();
        try {
            Rehearsal rehearsal = new Rehearsal(now.opener(), features);
            rehearsal.of(now.factory(), now.factory(), now.backend().backend());
            rehearsal.of(now.factory(), now.backend().backend());
        } finally {
            endSwap();
        }
    }

    /** Returns what a device in another process needs to go on from here. */
    DeviceHandover save() throws VdpaException {
        lock.lock();
        try {
            checkAttached();
            Map<Integer, Map<String, Long>> statistics = new LinkedHashMap<>();
            for (int queue = 0; queue < vqCount; queue++) {
                statistics.put(queue, statistics(queue));
            }
            Optional<ModelState> state = model instanceof StatefulDeviceModel stateful
                    ? Optional.of(stateful.saveState())
                    : Optional.empty();
            return new DeviceHandover(configWrites, linkDown, statistics, swaps, state, notifications.generation(), status.broken());
        } finally {
            lock.unlock();
        }
    }

    /** Goes on from where a device of another process was; no queue is served. */
    void restore(DeviceHandover from) throws VdpaException {
        lock.lock();
        try {
            checkAttached();
            if (from.linkDown()) {
                setLink(false);
            }
            for (Map.Entry<Integer, byte[]> write : from.configWrites().entrySet()) {
                writeConfig(write.getKey(), write.getValue());
            }
            if (from.model().isPresent()) {
                handOver(from.model().get(), model);
            }
            // What was counted here before was rehearsal.
            past.goOn(from.statistics(), this::statistics);
            swaps = from.swaps();
            notifications.goOn(from.generation());
            if (!from.broken().isEmpty()) {
                status.needsReset(from.broken());
            }
        } finally {
            lock.unlock();
        }
    }

    /** The backend's predecessor, in another process, is not used any more. */
    void goOn() {
        OpenBackend opened = backend;
        if (opened != null && opened.backend() instanceof HandoverBackend handedOver) {
            handedOver.goOn();
        }
    }

    /** A backend has lost what it must not work without: it is let go as if it had left, and opened again once it can be. */
    void lost(OpenBackend without) {
        lock.lock();
        try {
            if (!closed && backend == without) {
                backendGone = true;
                letGo();
                recoverSoon();
            }
        } finally {
            lock.unlock();
        }
    }

    List<String> channels() {
        return channels;
    }

    /** Returns what swaps there were. Any thread. */
    SwapCounts swaps() {
        return swaps;
    }

    // What the backend and the model say, on any thread

    @Override
    public void infoChanged() {
        if (model instanceof PullingDeviceModel pulling) {
            pulling.infoChanged();
        }
        notifications.configChanged();
    }

    @Override
    public void readable(int channel) {
        if (model instanceof PullingDeviceModel pulling) {
            pulling.readable(channel);
        }
    }

    @Override
    public void writable(int channel) {
        if (model instanceof PullingDeviceModel pulling) {
            pulling.writable(channel);
        }
    }

    private void wake(int queue) {
        DataPath now = path;
        if (now != null) {
            now.wake(queue);
        }
    }

    // What leaves

    /** A part may have left: what is no longer there is let go before the return, or as soon as its requests end. */
    void checkParts() {
        lock.lock();
        try {
            if (closed || handingOver) {
                return;
            }
            Factories factories = opener.services().factories();
            boolean known = backendGone || modelGone;
            backendGone |= backend != null && !factories.has(backend.factory());
            modelGone |= model != null && !factories.has(modelFactory);
            // What was known to be gone and is not let go yet is tried again later, by whoever could not.
            if ((backendGone || modelGone) && !known) {
                trouble = modelGone || model == null
                        ? opener.noModel()
                        : opener.noBackend(modelFactory, backend.factory().name());
                letGo();
                recoverSoon();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets go of what has left; under the lock.
     *
     * @return whether all of it is gone
     */
    private boolean letGo() {
        if (!backendGone && !modelGone) {
            return true;
        }
        if ((attached || absence.isFailing()) && !takeModelOff()) {
            return false;
        }
        if (backendGone) {
            backendGone = false;
            beginAbsence();
            closeBackend();
        }
        if (modelGone) {
            modelGone = false;
            closeModel();
        }
        return true;
    }

    private boolean takeModelOff() {
        try {
            path.detach();
        } catch (VdpaException stuck) {
            trouble = new Health(Reason.BACKEND_STUCK, stuck.getMessage());
            return false;
        }
        quietly("configuration", () -> lastConfig = config());
        if (modelGone && model instanceof StatefulDeviceModel stateful) {
            quietly("state", () -> lastState = stateful.saveState());
        }
        attached = false;
        absence.failing(false);
        quietly("detach", model::detach);
        return true;
    }

    private void beginAbsence() {
        Backend leaving = backend.face();
        quietly("stand-in", () -> standIn = StandIn.of(leaving));
        absence.begin();
        if (absence.policy().then() != HoldPolicy.Then.HOLD) {
            runIn(this::failIfOver, absence.policy().after().toMillis());
        }
    }

    /** Has requests fail from now on, if they were held for long enough and that is what the user wants. */
    private void failIfOver() {
        lock.lock();
        try {
            if (!closed && backend == null && model != null && !absence.isFailing() && standIn.isPresent()
                    && absence.policy().then() == HoldPolicy.Then.FAIL && absence.isOver()) {
                fail(standIn.get());
            }
        } finally {
            lock.unlock();
        }
    }

    private void fail(Backend instead) {
        try {
            model.attach(instead);
            path.attach(model);
        } catch (VdpaException | RuntimeException | LinkageError refused) {
            LOG.error("{}: requests cannot be failed while the backend is away, and are held", name, refused);
            quietly("detach", model::detach);
            return;
        }
        absence.failing(true);
        byte[] before = lastConfig;
        quietly("configuration", () -> lastConfig = config());
        if (!Arrays.equals(before, lastConfig)) {
            notifications.configChanged();
        }
    }

    private byte[] config() {
        byte[] config = new byte[configSize];
        model.readConfig(0, config);
        return config;
    }

    private void closeBackend() {
        OpenBackend old = backend;
        backend = null;
        old.context().close();
        if (unsure != null && unsure.backend() == old) {
            return; // It is asked again, and closed then.
        }
        if (refused) {
            opener.revoke(old.backend());
        } else {
            opener.reap(old.backend());
        }
    }

    /** As {@link #close()}, for what could not become a device; the backend takes back what its opening changed. */
    void revoke() {
        lock.lock();
        try {
            refused = true;
            close();
        } finally {
            lock.unlock();
        }
    }

    private void closeModel() {
        DeviceModel old = model;
        quietly("statistics", () -> past.keep(old, vqCount));
        model = null;
        modelFactory = null;
        quietly("close", old::close);
    }

    private void quietly(String what, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{}: {} of the device model failed", name, what, thrown);
        }
    }

    // What comes back

    /** A part may have come: what is missing is opened, on the recovery thread. */
    void recoverSoon() {
        recoverIn(0);
    }

    private void recoverIn(long millis) {
        runIn(this::recover, millis);
    }

    private void runIn(Runnable work, long millis) {
        try {
            recovery.schedule(work, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException _) {
            // The device was deleted.
        }
    }

    private void recoverLater() {
        recoverIn(retryMillis);
        retryMillis = Math.min(retryMillis * 2, LAST_RETRY_MILLIS);
    }

    /**
     * What can be opened now.
     *
     * @param model   makes the model, or has made it
     * @param words   the words
     * @param backend opens the backend; null if it is open
     */
    private record Plan(DeviceModelFactory model, DeviceWords words, BackendFactory backend) {}

    /** Opens what is missing and goes on; on the recovery thread alone. Opening takes time and so no lock. */
    private void recover() {
        if (!isStorageFree()) {
            return;
        }
        try {
            Optional<Plan> plan = plan();
            if (plan.isPresent()) {
                Plan now = plan.get();
                goOn(now, now.backend() == null ? null : opener.open(now.model(), now.backend(), now.words(), channels, this));
            }
        } catch (VdpaException refused) {
            hold(refused.reason(), refused.getMessage());
        } catch (RuntimeException | LinkageError thrown) {
            LOG.error("{}: what left cannot be replaced", name, thrown);
            hold(Reason.INTERNAL, thrown.toString());
        }
        checkParts();
    }

    /**
     * Asks a backend that could not say so whether its storage is free of what it was asked for. Until it is, nobody else has that
     * storage, and the device holds; where nobody will ever know, it is as after any connection that is lost.
     */
    private boolean isStorageFree() {
        StorageFence asked = unsure();
        if (asked == null) {
            return true;
        }
        try {
            asked.raise();
        } catch (VdpaException unknown) {
            if (unknown.reason() == Reason.BACKEND_STUCK) {
                askAgain(unknown.getMessage());
                return false;
            }
            LOG.warn("{}: {}: what it was asked for may be done twice", name, unknown.getMessage());
        }
        lock.lock();
        try {
            unsure = null;
            opener.reap(asked.backend().backend());
            return true;
        } finally {
            lock.unlock();
        }
    }

    private StorageFence unsure() {
        lock.lock();
        try {
            return closed ? null : unsure;
        } finally {
            lock.unlock();
        }
    }

    private void askAgain(String sentence) {
        lock.lock();
        try {
            trouble = new Health(Reason.BACKEND_STUCK, sentence);
            runIn(this::recover, FIRST_RETRY_MILLIS);
        } finally {
            lock.unlock();
        }
    }

    private Optional<Plan> plan() throws VdpaException {
        lock.lock();
        try {
            if (closed || attached && !backendGone && !modelGone) {
                return Optional.empty();
            }
            if (!letGo()) {
                recoverLater();
                return Optional.empty();
            }
            Optional<DeviceModelFactory> found = model == null ? opener.findModel() : Optional.of(modelFactory);
            if (found.isEmpty()) {
                trouble = opener.noModel();
                return Optional.empty();
            }
            return plan(found.get());
        } finally {
            lock.unlock();
        }
    }

    private Optional<Plan> plan(DeviceModelFactory factory) throws VdpaException {
        DeviceWords words = opener.words(factory);
        if (backend != null) {
            return Optional.of(new Plan(factory, words, null));
        }
        Optional<BackendFactory> found = opener.findBackend(factory, words);
        if (found.isEmpty()) {
            trouble = opener.noBackend(factory, words.backend());
        }
        return found.map(backendFactory -> new Plan(factory, words, backendFactory));
    }

    private void goOn(Plan plan, OpenBackend opened) throws VdpaException {
        lock.lock();
        try {
            if (opened != null) {
                backend = opened;
            }
            if (backend == null) {
                return; // It left meanwhile, and what follows from that is under way.
            }
            if (closed) {
                closeBackend();
                return;
            }
            boolean fresh = model == null;
            if (fresh) {
                model = opener.create(plan.model(), plan.words(), this::wake);
                modelFactory = plan.model();
            }
            attachAgain(fresh);
        } finally {
            lock.unlock();
        }
    }

    /** Attaches what is there, if it keeps what the driver was told; else closes what was opened for it. */
    private void attachAgain(boolean fresh) throws VdpaException {
        stopFailing();
        byte[] config;
        try {
            model.attach(backend.face());
            if (fresh) {
                checkOffer(model);
                tellAgain(model);
                if (lastState != null) {
                    handOver(lastState, model);
                }
            }
            config = config();
            path.attach(model);
        } catch (VdpaException | RuntimeException | LinkageError refused) {
            quietly("detach", model::detach);
            if (fresh) {
                closeModel();
            }
            closeBackend();
            throw refused;
        }
        // Nothing fails from here on: a device that goes on is not shown as one that holds.
        lastState = null;
        attached = true;
        absence.end();
        standIn = Optional.empty();
        trouble = Health.OK;
        retryMillis = FIRST_RETRY_MILLIS;
        if (!Arrays.equals(lastConfig, config)) {
            notifications.configChanged();
        }
    }

    /** Takes the stand-in off, if it is there: its requests end at once. */
    private void stopFailing() throws VdpaException {
        if (!absence.isFailing()) {
            return;
        }
        try {
            path.detach();
            absence.failing(false);
        } catch (VdpaException stuck) {
            closeBackend();
            throw stuck;
        }
    }

    /** Brings a new model, which has a backend, to where the one before it was. */
    private void tellAgain(DeviceModel next) throws VdpaException {
        next.setDriverFeatures(accepted);
        if (linkDown && next instanceof LinkControl link) {
            link.setLink(false);
        }
        for (Map.Entry<Integer, byte[]> write : configWrites.entrySet()) {
            next.writeConfig(write.getKey(), write.getValue());
        }
    }

    /** Checks that a model, which has a backend, offers what the driver was told. */
    private void checkOffer(DeviceModel next) throws VdpaException {
        long now = offered(next);
        if (now != features || next.vqCount() != vqCount || next.configSize() != configSize
                || !PartsOpener.channels(next).equals(channels)) {
            throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH,
                    "the device model offers " + FeatureNames.names(opener.type().deviceId(), now) + ", " + next.vqCount()
                            + " queues and " + next.configSize() + " bytes of configuration, but the driver was told "
                            + FeatureNames.names(opener.type().deviceId(), features) + ", " + vqCount + " and "
                            + configSize, null);
        }
    }

    private void hold(Reason reason, String sentence) {
        lock.lock();
        try {
            if (!closed) {
                trouble = reason == Reason.FEATURES_MISMATCH || reason == Reason.STATE_UNKNOWN
                        ? new Health(reason, sentence)
                        : new Health(
                                opener.findModel().isEmpty() ? Reason.NO_DEVICE_MODEL : Reason.NO_BACKEND,
                                "cannot be opened again: " + sentence);
                recoverLater();
                failIfOver();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes everything apart; the data path ends by the engine's deadline, the backend by the reaper. */
    void close() {
        lock.lock();
        try {
            closed = true;
            recovery.shutdown();
            if (path != null) {
                path.close();
            }
            if (model != null && (attached || absence.isFailing())) {
                quietly("detach", model::detach);
            }
            attached = false;
            if (backend != null) {
                closeBackend();
            }
            if (unsure != null) {
                opener.reap(unsure.backend().backend());
                unsure = null;
            }
            if (model != null) {
                closeModel();
            }
        } finally {
            lock.unlock();
        }
    }
}
