package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.ViewedDeviceModel;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.VdpaException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Somebody who looks at a console, and goes on looking when another device model takes the place of the one that is there. It ends with
 * a model that leaves without a successor.
 *
 * <p>Threads: those of a viewer, and the one that makes the exchange. What is read, typed or said is so at one model or at the other.
 */
final class LastingViewer implements ConsoleViewer {

    private static final Logger LOG = LoggerFactory.getLogger(LastingViewer.class);

    private final String device;
    private final Consumer<LastingViewer> atEnd;
    private ConsoleViewer now;
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

    /** Goes on at a model that goes on from where the one before is. Where it cannot it ends with that one. */
    synchronized void follow(DeviceModel next) {
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

    private synchronized ConsoleViewer now() {
        return now;
    }

    /** One that waits at a model that is replaced is woken by its end. */
    @Override
    public void await(long nanos) throws InterruptedException {
        now().await(nanos);
    }

    @Override
    public synchronized int read(byte[] target, int offset, int length) {
        return now.read(target, offset, length);
    }

    @Override
    public synchronized long missed() {
        long all = missedBefore + now.missed();
        missedBefore = 0;
        return all;
    }

    @Override
    public synchronized int type(byte[] source, int offset, int length) {
        return now.type(source, offset, length);
    }

    @Override
    public synchronized boolean types() {
        return now.types();
    }

    @Override
    public synchronized String typist() {
        return now.typist();
    }

    @Override
    public synchronized void resize(int columns, int rows) {
        now.resize(columns, rows);
    }

    @Override
    public synchronized void close() {
        closed = true;
        now.close();
        atEnd.accept(this);
    }
}
