package io.busbar.drivers.sim;

import io.busbar.api.device.DataPath;
import io.busbar.api.device.DataPathEvents;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.QueueEngine;
import io.busbar.api.device.QueuePause;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** An engine whose data paths write down what is asked of them. */
final class FakeEngine implements QueueEngine {

    static final long VERSION_1 = 1L << 32;
    static final long ACCESS_PLATFORM = 1L << 33;

    volatile Path path;

    @Override
    public long ringFeatures() {
        return VERSION_1 | ACCESS_PLATFORM;
    }

    @Override
    public int maxQueueSize() {
        return 256;
    }

    @Override
    public DataPath open(String deviceName, int vqCount, DataPathEvents events) {
        path = new Path(vqCount, events);
        return path;
    }

    static final class Path implements DataPath {

        final List<String> calls = Collections.synchronizedList(new ArrayList<>());
        final DataPathEvents events;
        final boolean[] ready;
        volatile DeviceModel model;
        volatile DriverMemory memory = DriverMemory.EMPTY;
        volatile boolean running;
        volatile boolean stuck;
        volatile boolean cannotFence;
        /** An exchange begins, and does not come back in time. */
        volatile boolean hangs;
        volatile String overdue = "";
        volatile boolean closed;
        volatile long features;
        /** Whoever has a request in flight has it to read. */
        final ReadWriteLock traffic = new ReentrantReadWriteLock();

        Path(int vqCount, DataPathEvents events) {
            ready = new boolean[vqCount];
            this.events = events;
        }

        private void stop(String call) throws VdpaException {
            calls.add(call);
            if (stuck) {
                throw new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, "queue 0 has 1 request in flight", null);
            }
        }

        @Override
        public void setMemory(DriverMemory newMemory) throws VdpaException {
            stop("setMemory");
            memory = newMemory;
        }

        @Override
        public void setFeatures(long newFeatures) {
            features = newFeatures;
        }

        @Override
        public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) {
            calls.add("setVqAddress " + index);
        }

        @Override
        public void setVqNum(int index, int num) {
            calls.add("setVqNum " + index + " " + num);
        }

        @Override
        public void setVqState(int index, VqState state) {
            calls.add("setVqState " + index);
        }

        @Override
        public VqState getVqState(int index) {
            return new VqState.Split(3);
        }

        @Override
        public void setVqCallback(int index, VqCallback callback) {
            calls.add("setVqCallback " + index);
        }

        @Override
        public void setVqKickDescriptor(int index, int descriptor) {
            calls.add("setVqKickDescriptor " + index + " " + descriptor);
        }

        @Override
        public void setVqReady(int index, boolean nowReady) throws VdpaException {
            stop("setVqReady " + index + " " + nowReady);
            ready[index] = nowReady;
        }

        @Override
        public boolean getVqReady(int index) {
            return ready[index];
        }

        @Override
        public void kick(int index) {
            calls.add("kick " + index);
        }

        @Override
        public void wake(int index) {
            calls.add("wake " + index);
        }

        @Override
        public void run() {
            calls.add("run");
            running = true;
        }

        @Override
        public void pause() throws VdpaException {
            stop("pause");
            running = false;
        }

        @Override
        public void attach(DeviceModel newModel) {
            calls.add("attach");
            model = newModel;
        }

        @Override
        public void detach() throws VdpaException {
            stop("detach");
            model = null;
        }

        @Override
        public QueuePause exchange(Duration deadline, Exchange exchange) throws VdpaException {
            stop("exchange " + deadline.toMillis());
            traffic.writeLock().lock();
            try {
                model = exchange.run();
            } finally {
                traffic.writeLock().unlock();
            }
            if (hangs) {
                throw new VdpaException(VdpaError.EIO, Reason.BACKEND_STUCK, "it does not come back", null);
            }
            return new QueuePause(3000, 2000, 1000, 16);
        }

        @Override
        public QueuePause exchangeByForce(Duration deadline, Exchange exchange) throws VdpaException {
            calls.add("exchange by force " + deadline.toMillis());
            if (cannotFence) {
                throw new VdpaException(VdpaError.ETIMEDOUT, Reason.BACKEND_STUCK, "a thread is in a system call", null);
            }
            try {
                model = exchange.run();
            } catch (VdpaException refused) {
                throw new VdpaException(VdpaError.EIO, refused.reason(), refused.getMessage(), refused);
            }
            return new QueuePause(3000, 2000, 1000, 16);
        }

        @Override
        public InflightArea createInflight(int queues, int queueSize) {
            return new InflightArea(-1, 0, 0, queues, queueSize);
        }

        @Override
        public void setInflight(InflightArea area) {
            calls.add("setInflight");
        }

        @Override
        public void reset() throws VdpaException {
            stop("reset");
            running = false;
        }

        @Override
        public long faults() {
            return 6;
        }

        @Override
        public Map<String, Long> counters(int index) {
            return new LinkedHashMap<>(Map.of("kicks", 2L));
        }

        @Override
        public Health health() {
            return stuck ? new Health(Reason.BACKEND_STUCK, "stuck") : Health.OK;
        }

        @Override
        public String overdue() {
            return overdue;
        }

        @Override
        public void close() {
            calls.add("close");
            closed = true;
        }
    }
}
