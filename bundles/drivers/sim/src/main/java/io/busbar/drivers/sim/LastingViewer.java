package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.ViewedDeviceModel;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Somebody who looks at a console, and goes on looking when another device model takes the place of the one that is there. It ends with
 * a model that leaves without a successor.
 *
 * <p>Threads: those of a viewer, and the one that makes the exchange. What is read, typed or said is so at one model or at the other: who
 * begins an exchange {@linkplain #hold holds} the viewer, so that the thread of the queues takes no lock when it has it
 * {@linkplain #follow follow}.
 */
final class LastingViewer implements ConsoleViewer {

    private static final Logger LOG = LoggerFactory.getLogger(LastingViewer.class);

    private final String device;
    private final Consumer<LastingViewer> atEnd;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile ConsoleViewer now;
    /** What was missed at the models before and nobody was told of yet. */
    private long missedBefore;
    private boolean closed;

    /**
     * Begins.
     *
     * @param device its name
     * @param first  at the model that is there
     * @param atEnd  told when it is closed
     */
    LastingViewer(String device, ConsoleViewer first, Consumer<LastingViewer> atEnd) {
        this.device = device;
        this.now = first;
        this.atEnd = atEnd;
    }

    /**
     * Keeps its threads from the model until {@link #release}; who is at it is waited for.
     *
     * @param nanos how long that may take
     * @return whether it is held
     */
    boolean hold(long nanos) throws InterruptedException {
        return lock.tryLock(nanos, TimeUnit.NANOSECONDS);
    }

    /** Lets its threads go on; on the thread that has held it. */
    void release() {
        lock.unlock();
    }

    /** Goes on at a model that goes on from where the one before is, while it is held; any thread. Where it cannot it ends with that one. */
    void follow(DeviceModel next) {
        if (closed || !(next instanceof ViewedDeviceModel model) || !(now instanceof ViewedDeviceModel.Viewer before)) {
            return;
        }
        try {
            ConsoleViewer there = model.resume(before.looking());
            missedBefore += before.missed();
            now = there;
        } catch (VdpaException | RuntimeException | LinkageError refused) {
            LOG.warn("{}: somebody who looks at it has to attach again: {}", device, refused.toString());
        }
    }

    /** Returns whether it types, while it is held. */
    boolean isTypist() {
        return now.types();
    }

    /** What is done at one model. */
    private <T> T atOne(Supplier<T> call) {
        lock.lock();
        try {
            return call.get();
        } finally {
            lock.unlock();
        }
    }

    /** One that waits at a model that is replaced is woken by its end. */
    @Override
    public void await(long nanos) throws InterruptedException {
        now.await(nanos);
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        return atOne(() -> now.read(target, offset, length));
    }

    @Override
    public long missed() {
        return atOne(() -> {
            long all = missedBefore + now.missed();
            missedBefore = 0;
            return all;
        });
    }

    @Override
    public int type(byte[] source, int offset, int length) {
        return atOne(() -> now.type(source, offset, length));
    }

    @Override
    public boolean types() {
        return atOne(() -> now.types());
    }

    @Override
    public String typist() {
        return atOne(() -> now.typist());
    }

    @Override
    public void resize(int columns, int rows) {
        atOne(() -> {
            now.resize(columns, rows);
            return null;
        });
    }

    @Override
    public void close() {
        atOne(() -> {
            closed = true;
            now.close();
            atEnd.accept(this);
            return null;
        });
    }
}
