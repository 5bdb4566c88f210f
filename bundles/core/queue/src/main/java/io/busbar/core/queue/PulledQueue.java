package io.busbar.core.queue;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.PullingDeviceModel;
import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.RingFault;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;

/**
 * A queue whose chains the model takes when it has a use for them.
 *
 * <p>The driver is asked for kicks only while the model waits for its buffers; while the model waits for the other side it
 * is {@link #wakeModel} that counts, or the descriptor of its backend.
 */
final class PulledQueue extends ActiveQueue {

    private static final int MOST_PER_CALL = 16;
    private static final VarHandle WOKEN;

    static {
        try {
            WOKEN = MethodHandles.lookup().findVarHandle(PulledQueue.class, "woken", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final PulledChains chains;
    private volatile boolean woken;
    private PullingDeviceModel model;
    private int[] lost = {};
    private boolean waitsForDriver;
    private Fd backendDescriptor;

    PulledQueue(
            int index,
            DeviceRing ring,
            QueueWorker worker,
            QueueEvents events,
            QueueCounters counters,
            RegionViews views) {
        super(index, ring, worker, events, counters);
        chains = new PulledChains(ring, views, new ToDriver());
    }

    /** What the model completed goes to the driver. */
    private final class ToDriver implements PulledChains.Completions {

        @Override
        public void publish() {
            PulledQueue.this.publish();
            if (uncalled() >= MOST_PER_CALL) {
                call();
            }
        }

        @Override
        public void chainFault() {
            counters().add(QueueCounters.FAULTS, 1);
        }
    }

    /**
     * Chains that an earlier process had open when it ended. What became of them nobody knows: they go back with nothing
     * written, so that the driver has its buffers again, and no frame is sent twice.
     */
    @Override
    void takeAgainFirst(int[] heads) {
        lost = heads;
    }

    @Override
    void resume(DeviceModel with) {
        model = (PullingDeviceModel) with;
        waitsForDriver = false;
        woken = true;
        super.resume(with);
        watchBackend();
    }

    @Override
    void pause(CompletableFuture<Void> done) {
        unwatchBackend();
        super.pause(done);
    }

    private void watchBackend() {
        unwatchBackend();
        int descriptor = model.wakeDescriptor(index());
        if (descriptor < 0) {
            return;
        }
        try {
            // A descriptor of our own: epoll knows each only once, and two queues may wait for the same file.
            backendDescriptor = Fd.duplicateOf(descriptor);
            worker().watchBackend(this, backendDescriptor, model.receives(index()) ? Epoll.EPOLLIN : Epoll.EPOLLOUT);
        } catch (LinuxException e) {
            unwatchBackend();
            breakBy("its backend's descriptor " + descriptor + " cannot be waited for: " + e.getMessage());
        }
    }

    /** Lets the backend's descriptor go; on the worker's thread. */
    void unwatchBackend() {
        if (backendDescriptor != null) {
            worker().unwatchBackend(backendDescriptor);
            backendDescriptor.close();
            backendDescriptor = null;
        }
    }

    @Override
    void passedOver() {
        woken = true;
    }

    @Override
    void leave(QueueWorker before) {
        super.leave(before);
        if (backendDescriptor != null) {
            before.forgetBackend(backendDescriptor);
            backendDescriptor.close();
            backendDescriptor = null;
        }
    }

    /**
     * The model is to be called; any thread. As {@link #kick}: the exchange has a full fence between what the caller stored
     * before it and its look at whether the worker sleeps.
     */
    void wakeModel() {
        if (WOKEN.compareAndSet(this, false, true)) {
            worker().wake();
        }
    }

    @Override
    int takeNew() {
        giveLostBack();
        if (!hasNew()) {
            return 0;
        }
        // A volatile store, before the model looks at its backend: who changes that later wakes it again.
        woken = false;
        chains.begin();
        serve();
        int done = chains.handedOut();
        counters().add(QueueCounters.CHAINS, done);
        waitsForDriver = chains.isDry();
        if (chains.isSpent()) {
            woken = true;
        }
        if (chains.fault() != RingFault.NONE) {
            breakBy(RingFault.describe(chains.fault()));
        }
        return done;
    }

    private void serve() {
        QueueWorker.current().entersModel(this);
        try {
            model.service(index(), chains);
            chains.end();
        } catch (InternalError e) {
            breakBy(MEMORY_GONE);
        } catch (Throwable e) {
            modelThrew(e);
        } finally {
            QueueWorker.current().leavesModel();
        }
    }

    private void giveLostBack() {
        if (lost.length > 0) {
            int[] heads = lost;
            lost = new int[0];
            int taken = ring().takeAgain(heads, heads.length);
            for (int i = 0; i < taken; i++) {
                ring().complete(ring().taken(i), 0);
            }
            publish();
            if (taken < 0) {
                breakBy(RingFault.describe(taken));
            }
        }
    }

    @Override
    boolean hasNew() {
        return lost.length > 0 || woken || waitsForDriver && ring().hasAvailable();
    }

    @Override
    boolean askForKicks() {
        return woken || waitsForDriver && ring().enableKicks();
    }
}
