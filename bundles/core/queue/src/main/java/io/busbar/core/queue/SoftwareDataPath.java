package io.busbar.core.queue;

import io.busbar.api.device.DataPath;
import io.busbar.api.device.DataPathEvents;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.PullingDeviceModel;
import io.busbar.api.device.QueuePause;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.ring.Regions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data path of one device: what was set, and the workers that run what is ready.
 *
 * <p>A control thread never touches a ring that runs: it sends the owner a command and waits for it, with the engine's
 * deadline. What did not stop by then is not forgotten: the queue stays as it is, health says so, and the stop can be
 * repeated.
 */
final class SoftwareDataPath implements DataPath {

    private static final Logger LOG = LoggerFactory.getLogger(SoftwareDataPath.class);
    private static final long REAP_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** How long an exchange waits for a moment without requests in flight before it stops queues. */
    private static final long MOST_PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** A worker that is in the same call at two looks that are so far apart is blocked, and loses its other queues. */
    private static final long BLOCKED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Before the deadline of a swap by force its thread is awake for so long: where others want the processor that takes a moment. */
    private static final long WAKE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final String name;
    private final DataPathEvents events;
    private final EngineSettings settings;
    private final int maxQueueSize;
    private final VirtqueueSetup[] queues;
    /** Which queues the model pulls: the same for all models of the device. */
    private final boolean[] pulled;
    /** Which queues share a worker: the same for all models of the device. */
    private final int[] groups;
    private final QueueWorker[] workers;
    private final IoThreads ioThreads;
    private Regions regions = Regions.EMPTY;
    private RegionViews views = new RegionViews(DriverMemory.EMPTY);
    private InflightMemory inflight;
    /** Records that were replaced while queues kept them up: closed when none does any more. */
    private final List<InflightMemory> replaced = new ArrayList<>();
    private long features;
    private DeviceModel model;
    private boolean running;
    private volatile boolean closed;
    /** Takes chains away from a backend, some of which others are still at work on: nothing goes on; null if there is none. */
    private Fence pendingFence;
    /** An exchange that nobody waits for any more, and that may change what is behind the model until it ends; null if there is none. */
    private QueueExchange left;
    private volatile Health health = Health.OK;
    /** For the watchdog. */
    private final OverdueRequests[] ages;
    private volatile String overdue = "";
    private final AtomicBoolean substituting = new AtomicBoolean();

    SoftwareDataPath(String name, int vqCount, DataPathEvents events, EngineSettings settings, int maxQueueSize) {
        this.name = name;
        this.events = events;
        this.settings = settings;
        this.maxQueueSize = maxQueueSize;
        queues = new VirtqueueSetup[vqCount];
        for (int i = 0; i < vqCount; i++) {
            queues[i] = new VirtqueueSetup();
        }
        ages = IntStream.range(0, vqCount).mapToObj(index -> new OverdueRequests()).toArray(OverdueRequests[]::new);
        pulled = new boolean[vqCount];
        groups = IntStream.range(0, vqCount).toArray();
        workers = new QueueWorker[Math.min(vqCount, settings.processors())];
        ioThreads = new IoThreads("busbar-" + name, settings.ioThreads());
    }

    @Override
    public synchronized void setMemory(DriverMemory memory) throws VdpaException {
        active().forEach(queue -> queue.startsAgain = true);
        deactivate(active());
        regions = Regions.of(memory.regions().stream().map(SoftwareDataPath::region).toList());
        views = new RegionViews(memory);
        for (int i = 0; i < queues.length; i++) {
            if (queues[i].startsAgain) {
                activateAgain(i);
            }
        }
    }

    private static Regions.Region region(MemoryRegion region) {
        return new Regions.Region(
                region.iova(), region.size(), region.segment().address(), region.writable());
    }

    /**
     * A queue that was ready when the memory was replaced; where its parts are gone, that is the driver's doing. One whose
     * worker does not answer starts when the memory is set again.
     */
    private void activateAgain(int index) throws VdpaException {
        try {
            activate(index);
        } catch (VdpaException e) {
            if (e.error() != VdpaError.EINVAL) {
                throw e;
            }
            queues[index].counters.add(QueueCounters.BROKEN, 1);
            events.queueBroken(index, e.getMessage());
        }
        queues[index].startsAgain = false;
    }

    @Override
    public synchronized void setFeatures(long to) {
        features = to;
    }

    @Override
    public synchronized void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea)
            throws VdpaException {
        queues[index].setAddress(index, descriptorTable, driverArea, deviceArea);
    }

    @Override
    public synchronized void setVqNum(int index, int num) throws VdpaException {
        if (num < 1 || num > maxQueueSize || Integer.bitCount(num) != 1) {
            throw new VdpaException(VdpaError.EINVAL, "queue " + index + ": size " + num
                    + ": expected a power of two up to " + maxQueueSize);
        }
        queues[index].size = num;
    }

    @Override
    public synchronized void setVqState(int index, VqState state) {
        queues[index].state = switch (state) {
            case VqState.Split split -> split;
        };
    }

    @Override
    public synchronized VqState getVqState(int index) {
        VirtqueueSetup queue = queues[index];
        return queue.active == null ? queue.state : new VqState.Split(queue.active.nextAvail());
    }

    @Override
    public synchronized void setVqCallback(int index, VqCallback callback) {
        VirtqueueSetup queue = queues[index];
        queue.callback = callback;
        if (queue.active != null) {
            queue.active.setCallback(callback);
            try {
                awaitOrHold(onWorker(queue.active.worker(), () -> { }));
            } catch (VdpaException e) {
                LOG.warn("{}: queue {} may still call its old callback: {}", name, index, e.getMessage());
            }
        }
    }

    @Override
    public synchronized void setVqKickDescriptor(int index, int descriptor) throws VdpaException {
        VirtqueueSetup queue = queues[index];
        queue.kickDescriptor = descriptor;
        if (queue.active != null) {
            ActiveQueue active = queue.active;
            awaitOrHold(onOwner(active, () -> watch(active, descriptor)));
        }
    }

    /** On the worker's thread. */
    private static void watch(ActiveQueue queue, int kicks) throws VdpaException {
        try {
            queue.worker().watch(queue, kicks);
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, "queue " + queue.index()
                    + ": kick descriptor cannot be waited for: " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void setVqReady(int index, boolean ready) throws VdpaException {
        VirtqueueSetup queue = queues[index];
        if (ready && !queue.ready) {
            activate(index);
            setReady(index, true);
        } else if (!ready && queue.ready) {
            if (queue.active != null) {
                deactivate(List.of(queue));
            }
            queue.startsAgain = false;
            setReady(index, false);
        }
    }

    private void setReady(int index, boolean ready) {
        queues[index].ready = ready;
        tellReady(model, index, ready);
    }

    private static void tellReady(DeviceModel told, int index, boolean ready) {
        if (told instanceof PullingDeviceModel pulling) {
            pulling.ready(index, ready);
        }
    }

    @Override
    public synchronized boolean getVqReady(int index) {
        return queues[index].ready;
    }

    private void activate(int index) throws VdpaException {
        VirtqueueSetup queue = queues[index];
        RingStart start = RingStart.of(index, queue, features, regions, inflight, settings.ownClasses());
        QueueWorker worker = worker(index);
        ActiveQueue active = pulled[index]
                ? new PulledQueue(index, start.ring(), worker, new Events(), queue.counters, views)
                : new PushedQueue(index, start.ring(), worker, new Events(), queue.counters, ioThreads, views);
        active.setCallback(queue.callback);
        active.takeAgainFirst(start.heads());
        int kicks = queue.kickDescriptor;
        start(worker, () -> {
            watch(active, kicks);
            worker.add(active);
        });
        queue.active = active;
        queue.record = inflight;
        if (running && model != null) {
            resume(active);
        }
    }

    /**
     * Has a worker do something, or not: what it did not begin by the deadline it never does.
     *
     * @throws VdpaException what the command throws; ETIMEDOUT if the worker does not come to it
     */
    private void start(QueueWorker worker, Command command) throws VdpaException {
        if (worker == Thread.currentThread()) {
            command.run();
            return;
        }
        AtomicBoolean decided = new AtomicBoolean();
        CompletableFuture<Void> done = onWorker(worker, () -> {
            if (decided.compareAndSet(false, true)) {
                command.run();
            }
        });
        VdpaException late;
        try {
            await(done, settings.drainNanos());
            return;
        } catch (TimeoutException e) {
            late = new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, stuck(settings.drainNanos()), e);
        } catch (VdpaException e) {
            late = e;
        }
        if (decided.compareAndSet(false, true)) {
            throw late;
        }
        // It has begun, and never waits.
        try {
            done.join();
        } catch (CompletionException e) {
            throw refusal(e.getCause());
        }
    }

    private QueueWorker worker(int index) throws VdpaException {
        int slot = groups[index] % workers.length;
        if (workers[slot] == null) {
            workers[slot] = startWorker(slot);
        }
        return workers[slot];
    }

    private QueueWorker startWorker(int slot) throws VdpaException {
        try {
            QueueWorker worker = QueueWorker.create(
                    "busbar-" + name + "-q" + slot, new SpinPolicy(settings.spinNanos(), settings.processors()));
            worker.start();
            return worker;
        } catch (LinuxException e) {
            throw new VdpaException(
                    VdpaError.ENOMEM, Reason.INTERNAL, "no thread for queues of place " + slot + ": " + e.getMessage(), e);
        }
    }

    private void resume(ActiveQueue active) {
        DeviceModel with = model;
        active.onOwnerNow(() -> active.resumeOrBreak(with));
    }

    /** Stops active queues for good and keeps their state; their ready flags stay. */
    private void deactivate(List<VirtqueueSetup> stopping) throws VdpaException {
        drain(stopping);
        checkNoneFenced(stopping);
        remove(stopping);
    }

    /** What was taken away from a backend would be lost to a driver that goes on from the queue's state. */
    private void checkNoneFenced(List<VirtqueueSetup> stopping) throws VdpaException {
        for (VirtqueueSetup queue : stopping) {
            int fenced = queue.active.fencedChains();
            if (fenced > 0) {
                String sentence = fenced + " requests of queue " + queue.active.index()
                        + " were taken away from a backend, and wait for another one";
                health = new Health(Reason.BACKEND_STUCK, sentence);
                throw new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, sentence, null);
            }
        }
    }

    private void remove(List<VirtqueueSetup> stopping) throws VdpaException {
        for (VirtqueueSetup queue : stopping) {
            ActiveQueue active = queue.active;
            awaitOrHold(onOwner(active, () -> active.worker().remove(active)));
            queue.state = new VqState.Split(active.nextAvail());
            queue.active = null;
            queue.record = null;
            endIfUnused(active.worker());
        }
        closeReplaced();
    }

    /** A worker whose place another one has taken ends with its last queue. */
    private void endIfUnused(QueueWorker worker) {
        if (!liveWorkers().contains(worker)) {
            worker.end();
        }
    }

    /** Returns the workers, also those that have queues left and whose place another one has taken. */
    private Set<QueueWorker> liveWorkers() {
        Set<QueueWorker> live = new LinkedHashSet<>();
        for (QueueWorker worker : workers) {
            if (worker != null) {
                live.add(worker);
            }
        }
        activeQueues().forEach(queue -> live.add(queue.worker()));
        return live;
    }

    /** Stops queues from taking chains, and waits until none is in flight. */
    private void drain(List<VirtqueueSetup> stopping) throws VdpaException {
        settleFence();
        awaitLeft();
        awaitOrHold(stop(stopping));
        health = Health.OK;
    }

    /** Has queues stop; done when nothing is in flight. */
    private static CompletableFuture<Void> stop(List<VirtqueueSetup> stopping) {
        List<CompletableFuture<Void>> drained = new ArrayList<>();
        for (VirtqueueSetup queue : stopping) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            ActiveQueue active = queue.active;
            active.onOwnerNow(() -> active.pause(done));
            drained.add(done);
        }
        return CompletableFuture.allOf(drained.toArray(CompletableFuture[]::new));
    }

    private static CompletableFuture<Void> onWorker(QueueWorker worker, Command command) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        worker.execute(() -> {
            try {
                command.run();
                done.complete(null);
            } catch (VdpaException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /** As {@link #onWorker}, unless the queue is another worker's when this one comes to it. */
    private static CompletableFuture<Void> onOwner(ActiveQueue queue, Command command) {
        QueueWorker owner = queue.worker();
        return onWorker(owner, () -> {
            if (queue.worker() == owner) {
                command.run();
            }
        });
    }

    /** Waits for what stops something: where it does not come, the data path holds and says so. */
    private void awaitOrHold(CompletableFuture<Void> done) throws VdpaException {
        try {
            await(done, settings.drainNanos());
        } catch (TimeoutException e) {
            String sentence = stuck(settings.drainNanos());
            health = new Health(Reason.BACKEND_STUCK, sentence);
            throw new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, sentence, e);
        }
    }

    private static void await(CompletableFuture<Void> done, long nanos) throws VdpaException, TimeoutException {
        try {
            done.get(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VdpaException(VdpaError.EAGAIN, Reason.INTERNAL, "interrupted while queues were stopped", e);
        } catch (ExecutionException e) {
            throw refusal(e.getCause());
        }
    }

    /**
     * As {@link #await}, but by the clock.
     *
     * @param end       by {@link System#nanoTime}
     * @param wakeNanos how long before the end this thread is awake, so that it is at work when it comes
     */
    private static void awaitUntil(CompletableFuture<Void> done, long end, long wakeNanos)
            throws VdpaException, TimeoutException {
        try {
            await(done, end - System.nanoTime() - wakeNanos);
        } catch (TimeoutException e) {
            while (System.nanoTime() - end < 0 && !done.isDone()) {
                Thread.onSpinWait();
            }
            await(done, 0);
        }
    }

    private static VdpaException refusal(Throwable cause) {
        if (cause instanceof VdpaException refused) {
            return refused;
        }
        throw new IllegalStateException(cause);
    }

    private String stuck(long waitedNanos) {
        StringBuilder sentence = new StringBuilder();
        for (QueueWorker worker : liveWorkers()) {
            if (worker.isInModel()) {
                sentence.append("thread ").append(worker.getName()).append(" does not come back from the backend; ");
            }
        }
        for (int i = 0; i < queues.length; i++) {
            ActiveQueue active = queues[i].active;
            int left = active == null ? 0 : active.inFlight();
            if (left > 0) {
                sentence.append("queue ").append(i).append(" has ").append(left).append(" requests in flight; ");
            }
        }
        return sentence.append("waited ").append(TimeUnit.NANOSECONDS.toMillis(waitedNanos)).append(" ms")
                .toString();
    }

    @Override
    public void kick(int index) {
        // Read without the lock: a kick must never wait. A queue that starts meanwhile is looked at by its start.
        ActiveQueue active = queues[index].active;
        if (active != null) {
            active.kick();
        }
    }

    @Override
    public void wake(int index) {
        // Read without the lock, as in kick.
        if (queues[index].active instanceof PulledQueue active) {
            active.wakeModel();
        }
    }

    @Override
    public synchronized void run() {
        running = true;
        resumeAll();
    }

    private void resumeAll() {
        if (running && model != null && pendingFence == null) {
            active().forEach(queue -> resume(queue.active));
            // Whatever did not let go of its requests in time may go on with them.
            health = Health.OK;
        }
    }

    @Override
    public QueuePause exchange(Duration deadline, Exchange exchange) throws VdpaException {
        return exchange(deadline, exchange, false);
    }

    @Override
    public QueuePause exchangeByForce(Duration deadline, Exchange exchange) throws VdpaException {
        return exchange(deadline, exchange, true);
    }

    private synchronized QueuePause exchange(Duration deadline, Exchange exchange, boolean byForce) throws VdpaException {
        settleFence();
        awaitLeft();
        List<ActiveQueue> queuesNow = activeQueues();
        Fence fence = byForce ? prepareFence(queuesNow) : null;
        long end = System.nanoTime() + deadline.toNanos();
        QueueExchange run = new QueueExchange(
                queuesNow, () -> told(exchange.run()), next -> model = next, this::goesOn);
        run.begin(Math.min(deadline.toNanos() / 2, MOST_PATIENCE_NANOS));
        try {
            awaitUntil(run.made(), end, byForce ? WAKE_NANOS : 0);
        } catch (TimeoutException e) {
            if (run.giveUp()) {
                if (fence == null) {
                    throw refused(stuck(deadline.toNanos()));
                }
                return exchangeFenced(run, fence, deadline);
            }
        } catch (VdpaException interrupted) {
            if (run.giveUp()) {
                resumeAll();
                throw interrupted;
            }
        }
        awaitDecided(run);
        if (run.refusal() != null) {
            throw refusal(run.refusal());
        }
        awaitResumed(run);
        return run.pause();
    }

    /**
     * Waits, also when it is interrupted, for an exchange that has begun. One that does not end is left: queues hold then, until it has
     * ended.
     */
    private void awaitDecided(QueueExchange run) throws VdpaException {
        boolean interrupted = false;
        long end = System.nanoTime() + settings.drainNanos();
        try {
            while (true) {
                try {
                    run.made().get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                } catch (TimeoutException e) {
                    if (run.leave()) {
                        throw hangs(run, e);
                    }
                    return; // It was made or refused, and its queues are kept from going on.
                } catch (ExecutionException e) {
                    throw refusal(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** What was being exchanged is in an unknown state: nothing goes on before it is known to have ended. */
    private VdpaException hangs(QueueExchange run, TimeoutException late) {
        left = run;
        health = new Health(Reason.BACKEND_STUCK, "a backend does not come back from an exchange that has begun; waited "
                + TimeUnit.NANOSECONDS.toMillis(settings.drainNanos()) + " ms");
        return new VdpaException(VdpaError.EIO, Reason.BACKEND_STUCK, health.sentence(), late);
    }

    /** Waits for the end of an exchange that nobody has waited for. */
    private void awaitLeft() throws VdpaException {
        if (left != null) {
            awaitOrHold(left.made());
            left = null;
        }
    }

    /** All goes on as it was. */
    private VdpaException refused(String sentence) {
        resumeAll();
        return new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, sentence, null);
    }

    /**
     * Makes a fence that is not raised yet, and has all that it takes run once in vain: when it is to be raised there is no time to load
     * code.
     */
    private static Fence prepareFence(List<ActiveQueue> queuesNow) {
        for (ActiveQueue queue : queuesNow) {
            if (queue instanceof PushedQueue pushed) {
                pushed.successor(pushed.worker());
            }
        }
        Fence fence = new Fence(queuesNow);
        fence.obstacleNow();
        return fence;
    }

    /** Takes what does not end away from who has it, and makes the exchange with queues that go on from there. */
    private QueuePause exchangeFenced(QueueExchange run, Fence fence, Duration deadline) throws VdpaException {
        String obstacle = fence.obstacle();
        if (!obstacle.isEmpty()) {
            throw refused(obstacle + "; " + stuck(deadline.toNanos()));
        }
        pendingFence = fence;
        CompletableFuture<QueueExchange> instead = new CompletableFuture<>();
        boolean goesOn = false;
        try {
            goesOn = fence.raise(() -> succeedFenced(run, instead), () -> instead.resultNow().makeInstead(), settings.drainNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!instead.isDone() && !succeedFenced(run, instead) && !instead.isDone()) {
            health = new Health(Reason.BACKEND_STUCK, "requests are taken away from the backend, and somebody is still at work"
                    + " on them; " + stuck(deadline.toNanos()));
            throw new VdpaException(VdpaError.EIO, Reason.BACKEND_STUCK, health.sentence(), null);
        }
        QueueExchange forced = of(instead);
        if (!goesOn) {
            // Not on this thread: whoever does it may not come back.
            Thread.ofPlatform().daemon().name("busbar-" + name + "-exchange").start(forced::makeInstead);
        }
        awaitDecided(forced);
        Throwable refusal = forced.refusal();
        if (refusal != null) {
            Reason reason = refusal instanceof VdpaException why ? why.reason() : Reason.INTERNAL;
            throw new VdpaException(VdpaError.EIO, reason, refusal.getMessage(), refusal);
        }
        awaitResumed(forced);
        return forced.pause();
    }

    /**
     * Puts other queues into the place of those that are fenced, and has the exchange for them; on the control thread, or on that of
     * the queues while the control thread waits. Nothing is done if somebody has just begun to look at what is taken away: the control
     * thread asks again.
     *
     * @return whether that is done; if it has failed the future says so
     */
    private boolean succeedFenced(QueueExchange run, CompletableFuture<QueueExchange> instead) {
        try {
            settleFence();
            return pendingFence == null && instead.complete(run.with(activeQueues()));
        } catch (VdpaException | RuntimeException | Error e) {
            instead.completeExceptionally(e);
            return false;
        }
    }

    private static QueueExchange of(CompletableFuture<QueueExchange> made) throws VdpaException {
        if (made.isCompletedExceptionally()) {
            throw refusal(made.exceptionNow());
        }
        return made.resultNow();
    }

    /** If nobody is at work any more on what was taken away from a backend, other queues take the place of those that had it. */
    private void settleFence() throws VdpaException {
        if (pendingFence == null || !pendingFence.isRaised()) {
            return;
        }
        for (QueueWorker worker : pendingFence.abandoned()) {
            LOG.warn("{}: thread {} does not come back from the backend, and is left to it", name, worker.getName());
            Arrays.setAll(workers, slot -> workers[slot] == worker ? null : workers[slot]);
        }
        pendingFence = null;
        for (int i = 0; i < queues.length; i++) {
            if (queues[i].active instanceof PushedQueue pushed) {
                succeed(i, pushed);
            }
        }
    }

    /** Puts a queue into the place of one that is fenced. */
    private void succeed(int index, PushedQueue before) throws VdpaException {
        VirtqueueSetup queue = queues[index];
        QueueWorker worker = worker(index);
        if (worker != before.worker()) {
            queue.counters.addShared(QueueCounters.ABANDONED, 1);
        }
        PushedQueue next = before.successor(worker);
        int kicks = queue.kickDescriptor;
        start(worker, () -> {
            if (worker == before.worker()) {
                worker.remove(before);
            }
            watch(next, kicks);
            worker.add(next);
        });
        queue.active = next;
    }

    /** Has the next model know which queues are ready; on the thread of a queue, no queue runs. */
    private DeviceModel told(DeviceModel next) {
        if (next != model) {
            for (int i = 0; i < queues.length; i++) {
                tellReady(next, i, queues[i].ready);
            }
        }
        return next;
    }

    /** Returns what the queues go on with, or null; on the thread of a queue, while the control thread waits. */
    private DeviceModel goesOn() {
        if (!running || model == null) {
            return null;
        }
        // Whatever did not let go of its requests in time has done so.
        health = Health.OK;
        return model;
    }

    /** What was resumed is resumed; a worker that is kept from it by its new backend is not waited for for ever. */
    private void awaitResumed(QueueExchange run) throws VdpaException {
        try {
            await(run.resumed(), settings.drainNanos());
        } catch (TimeoutException e) {
            LOG.warn("{}: after an exchange: {}", name, stuck(settings.drainNanos()));
        }
    }

    @Override
    public synchronized void pause() throws VdpaException {
        running = false;
        drain(active());
    }

    private List<ActiveQueue> activeQueues() {
        return active().stream().map(queue -> queue.active).toList();
    }

    private List<VirtqueueSetup> active() {
        List<VirtqueueSetup> active = new ArrayList<>();
        for (VirtqueueSetup queue : queues) {
            if (queue.active != null) {
                active.add(queue);
            }
        }
        return active;
    }

    @Override
    public synchronized void attach(DeviceModel to) {
        model = to;
        for (int i = 0; i < pulled.length; i++) {
            pulled[i] = to instanceof PullingDeviceModel pulling && pulling.pulls(i);
            groups[i] = to instanceof PullingDeviceModel pulling ? pulling.queueGroup(i) : i;
            setReady(i, queues[i].ready);
        }
        resumeAll();
    }

    @Override
    public synchronized void detach() throws VdpaException {
        drain(active());
        model = null;
    }

    @Override
    public InflightArea createInflight(int queueCount, int queueSize) throws VdpaException {
        return InflightMemory.create(queueCount, queueSize);
    }

    @Override
    public synchronized void setInflight(InflightArea area) throws VdpaException {
        InflightMemory next = area == null ? null : InflightMemory.map(area);
        replaceInflight(next);
    }

    private void replaceInflight(InflightMemory next) {
        if (inflight != null) {
            replaced.add(inflight);
        }
        inflight = next;
        closeReplaced();
    }

    private void closeReplaced() {
        replaced.removeIf(record -> {
            boolean used = Arrays.stream(queues).anyMatch(queue -> queue.record == record);
            if (!used) {
                record.close();
            }
            return !used;
        });
    }

    @Override
    public synchronized void reset() throws VdpaException {
        running = false;
        drain(active());
        remove(active());
        for (int i = 0; i < queues.length; i++) {
            if (queues[i].ready) {
                setReady(i, false);
            }
            queues[i].reset();
        }
        features = 0;
        replaceInflight(null);
    }

    @Override
    public long faults() {
        long faults = 0;
        for (VirtqueueSetup queue : queues) {
            faults += queue.counters.get(QueueCounters.FAULTS);
        }
        return faults;
    }

    @Override
    public Map<String, Long> counters(int index) {
        return queues[index].counters.toMap();
    }

    @Override
    public Health health() {
        return health;
    }

    @Override
    public String overdue() {
        return overdue;
    }

    boolean isClosed() {
        return closed;
    }

    /** Looks for requests that are in flight for too long; on the watchdog's thread, without the lock that a control thread may hold. */
    void lookForOverdue(long nanos, long limit) {
        StringJoiner found = new StringJoiner("; ");
        for (int i = 0; i < queues.length; i++) {
            ActiveQueue active = queues[i].active;
            String sentence = ages[i].look(active, nanos, limit);
            int call = ages[i].longCall(nanos, BLOCKED_NANOS);
            if (call != 0 && workers[groups[i] % workers.length] == active.worker()) {
                substituteSoon(active.worker(), call);
            }
            if (!sentence.isEmpty()) {
                found.add(sentence);
            }
        }
        boolean before = !overdue.isEmpty();
        overdue = found.toString();
        if (!before && found.length() > 0) {
            LOG.warn("{}: {}", name, found);
        } else if (before && found.length() == 0) {
            LOG.info("{}: what was in flight for too long has ended", name);
        }
    }

    /** Not on the watchdog's thread, which all devices share: a control thread may have the lock for long. */
    private void substituteSoon(QueueWorker blocked, int call) {
        if (substituting.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().name("busbar-" + name + "-substitute").start(() -> {
                try {
                    substitute(blocked, call);
                } catch (VdpaException none) {
                    LOG.warn("{}: {} does not come back from the backend, and its queues wait: {}", name, blocked.getName(),
                            none.getMessage());
                } finally {
                    substituting.set(false);
                }
            });
        }
    }

    /**
     * Gives the other queues of a worker that does not come back from the call of one of them to a fresh one. Nothing is done while
     * something else is under way, or waited for in vain: then the device holds.
     */
    private synchronized void substitute(QueueWorker blocked, int call) throws VdpaException {
        int slot = Arrays.asList(workers).indexOf(blocked);
        ActiveQueue keeps = blocked.calling();
        List<ActiveQueue> others = otherQueues(blocked, keeps);
        if (slot < 0 || others.isEmpty() || !running || model == null || pendingFence != null || left != null || !health.ok()) {
            return;
        }
        QueueWorker fresh = startWorker(slot);
        if (!Substitution.take(blocked, call, others, fresh)) {
            fresh.end();
            return;
        }
        workers[slot] = fresh;
        keeps.counters().addShared(QueueCounters.ABANDONED, 1);
        LOG.warn("{}: thread {} does not come back from the backend with queue {}; another one has its other queues", name,
                blocked.getName(), keeps.index());
        for (ActiveQueue queue : others) {
            goOnWith(fresh, queue, blocked);
        }
    }

    /** Returns the queues of a worker that is in the call of one of them, other than that one and those of its group. */
    private List<ActiveQueue> otherQueues(QueueWorker worker, ActiveQueue caller) {
        List<ActiveQueue> others = new ArrayList<>();
        for (ActiveQueue queue : activeQueues()) {
            if (queue.worker() == worker && groups[queue.index()] != groups[caller.index()]) {
                others.add(queue);
            }
        }
        return others;
    }

    private void goOnWith(QueueWorker fresh, ActiveQueue queue, QueueWorker blocked) {
        DeviceModel with = model;
        int kicks = queues[queue.index()].kickDescriptor;
        queue.leave(blocked);
        blocked.execute(() -> blocked.forget(queue));
        fresh.execute(() -> {
            fresh.add(queue);
            try {
                watch(queue, kicks);
            } catch (VdpaException e) {
                queue.breakBy(e.getMessage());
            }
            queue.arrive(with);
        });
    }

    @Override
    public synchronized void close() {
        closed = true;
        try {
            reset();
            end();
        } catch (VdpaException e) {
            LOG.error("{}: closed, but {}: its threads and what they use stay until these end", name, e.getMessage());
            Thread.ofPlatform().daemon().name("busbar-" + name + "-reaper").start(this::reap);
        }
    }

    /** Waits for what did not end by the deadline of a close. */
    private void reap() {
        cancelTransfers();
        while (!ended()) {
            LockSupport.parkNanos(REAP_NANOS);
        }
        LOG.info("{}: what was in flight when it was closed has ended", name);
    }

    private synchronized void cancelTransfers() {
        liveWorkers().forEach(QueueWorker::cancelTransfers);
    }

    private synchronized boolean ended() {
        try {
            reset();
            end();
            return true;
        } catch (VdpaException stuck) {
            return false;
        }
    }

    private void end() {
        ioThreads.close();
        for (QueueWorker worker : workers) {
            if (worker != null) {
                worker.end();
            }
        }
    }

    /** Control work on a worker's thread. */
    private interface Command {
        void run() throws VdpaException;
    }

    private final class Events implements ActiveQueue.QueueEvents {

        @Override
        public void broken(int index, String sentence) {
            events.queueBroken(index, sentence);
        }

        @Override
        public void modelFailed(int index, Throwable failure) {
            LOG.error("{}: queue {}: the device model threw {}", name, index, failure.toString(), failure);
        }
    }
}
