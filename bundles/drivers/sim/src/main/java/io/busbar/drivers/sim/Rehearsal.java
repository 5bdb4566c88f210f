package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.StatefulDeviceModel;
import io.busbar.api.vdpa.VdpaException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;

/**
 * Has the code of a new part do once, on the side, what it will do while a driver waits: models of its own, which nobody hears, and which
 * nobody's counters count, work on a scratch queue. New code is an order of magnitude slower at first.
 *
 * <p>A new model is given a {@link StandIn}, so that whatever it is asked for goes nowhere. A new disk is read only: what is written, or
 * flushed, would be the business of whoever has the same storage. A new network or console is left alone: what it has received, or is
 * given, is not ours.
 *
 * <p>On a control thread, before an exchange.
 */
final class Rehearsal {

    /** How often it asks for each: enough for all code to have run; what makes it fast for good is work of an own driver. */
    private static final int ROUNDS = 20;

    /** How long it begins anew. */
    private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(30);

    /** How long what was begun is waited for. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final PartsOpener opener;
    private final long features;

    /**
     * Makes one.
     *
     * @param opener   makes models with the words of the device
     * @param features what the driver accepted
     */
    Rehearsal(PartsOpener opener, long features) {
        this.opener = opener.unheard();
        this.features = features;
    }

    /** Wakes the queue of the model that is told of it, once there is one. */
    private static final class Wake implements IntConsumer {

        private volatile ScratchQueue scratch;

        @Override
        public void accept(int queue) {
            ScratchQueue now = scratch;
            if (now != null) {
                now.wake(queue);
            }
        }
    }

    /**
     * Has a model take over from another one, and work.
     *
     * @param from    makes models as the one that is there
     * @param to      makes models as the new one
     * @param backend the backend that they will have
     * @throws VdpaException why the new one cannot take over: so it is known while the old one goes on
     */
    void of(DeviceModelFactory from, DeviceModelFactory to, Backend backend) throws VdpaException {
        Optional<Backend> standIn = StandIn.plugged(backend);
        if (standIn.isEmpty()) {
            return;
        }
        DeviceModel old = make(from, standIn.get(), new Wake());
        try {
            work(to, standIn.get(), ScratchWork.all(opener.type(), features), next -> takeOver(old, next));
        } finally {
            end(old);
        }
    }

    private static void takeOver(DeviceModel old, DeviceModel next) throws VdpaException {
        if (old instanceof StatefulDeviceModel stateful) {
            DeviceParts.handOver(stateful.saveState(), next);
        }
        if (next instanceof StatefulDeviceModel stateful) {
            stateful.saveState();
        }
    }

    /**
     * Has a backend work, as far as that is nobody's business but its own.
     *
     * @param factory makes models for it
     * @param backend the new backend
     * @throws VdpaException if it throws where it is asked for
     */
    void of(DeviceModelFactory factory, Backend backend) throws VdpaException {
        if (backend instanceof BlockBackend) {
            work(factory, backend, ScratchWork.harmless(opener.type()), model -> { });
        }
    }

    /** Done with a model before it works. */
    private interface First {
        void with(DeviceModel model) throws VdpaException;
    }

    private void work(DeviceModelFactory factory, Backend backend, List<ScratchQueue.Request> requests, First first)
            throws VdpaException {
        Wake wake = new Wake();
        DeviceModel model = make(factory, backend, wake);
        boolean done = true;
        ScratchQueue scratch = null;
        try {
            first.with(model);
            scratch = new ScratchQueue(opener.services().engine(), device(), model, ScratchWork.queue(opener.type()), features);
            wake.scratch = scratch;
            done = run(scratch, requests);
        } finally {
            end(scratch, model, done);
        }
    }

    private DeviceModel make(DeviceModelFactory factory, Backend backend, IntConsumer wake) throws VdpaException {
        DeviceModel model = opener.create(factory, opener.words(factory), wake);
        try {
            model.attach(backend);
            model.setDriverFeatures(features);
            return model;
        } catch (VdpaException | RuntimeException | LinkageError refused) {
            end(model);
            throw refused;
        }
    }

    /** Returns whether all that was asked for was done. */
    private static boolean run(ScratchQueue scratch, List<ScratchQueue.Request> requests) throws VdpaException {
        long begin = System.nanoTime();
        for (int round = 0; round < ROUNDS && System.nanoTime() - begin < NANOS; round++) {
            for (ScratchQueue.Request request : requests) {
                if (!scratch.run(request, begin + PATIENCE_NANOS)) {
                    return false;
                }
            }
        }
        scratch.exchange(Duration.ofNanos(PATIENCE_NANOS));
        return true;
    }

    /** A backend that has requests and does not end them is not waited for here. */
    private void end(ScratchQueue scratch, DeviceModel model, boolean done) {
        Runnable ending = () -> {
            if (scratch != null) {
                scratch.close();
            }
            end(model);
        };
        if (done) {
            ending.run();
        } else {
            Thread.ofPlatform().daemon().name("busbar-" + device() + "-scratch").start(ending);
        }
    }

    private static void end(DeviceModel model) {
        model.detach();
        model.close();
    }

    private String device() {
        return opener.request().name();
    }
}
