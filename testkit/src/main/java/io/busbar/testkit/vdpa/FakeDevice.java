package io.busbar.testkit.vdpa;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.Memory;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * A device with a data path of its own, on one thread. It records the ops that it is given, and does wrong what a test asks
 * for; what it does with its queues is for its type.
 */
public abstract class FakeDevice implements VdpaDevice, DmaMapping, VdpaConfigOps, AutoCloseable {

    private static final int QUEUE_SIZE = 256;
    private static final int FEATURES_OK = 8;
    private static final int DRIVER_OK = 4;
    private static final int NEEDS_RESET = 64;

    private final String name;
    private final int deviceId;
    private final Queue[] queues;
    private final ByteBuffer config;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("fake-device").factory());
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final Map<String, VdpaException> failures = new ConcurrentHashMap<>();
    private volatile long features;
    private volatile IovaRange reach = IovaRange.ALL;
    private volatile boolean refusesFeatures;
    private volatile boolean holds;
    private volatile int status;
    private volatile int generation;
    private volatile ConfigCallback configCallback;
    private volatile DriverMemory memory = DriverMemory.EMPTY;
    private long driverFeatures;

    /** One queue as the driver set it up. */
    private static final class Queue {
        private int size;
        private long[] addresses;
        private volatile VqCallback callback;
        private volatile DeviceRing ring;
    }

    /** A device of a type, with so many queues. */
    protected FakeDevice(String name, int deviceId, int queues, byte[] config, long features) {
        this.name = name;
        this.deviceId = deviceId;
        this.features = features;
        this.queues = new Queue[queues];
        for (int i = 0; i < queues; i++) {
            this.queues[i] = new Queue();
        }
        this.config = ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Does with a queue what there is to do. On the device's thread, while the device is live. */
    protected abstract void serve(int index);

    // What a test asks for

    /** Changes fields of the configuration. */
    protected final void configure(Consumer<ByteBuffer> change) {
        synchronized (config) {
            change.accept(config);
        }
    }

    /** Offers other features. */
    public final void offer(long offered) {
        features = offered;
    }

    /** Reaches other addresses. */
    public final void reach(long first, long last) {
        reach = new IovaRange(first, last);
    }

    /** Leaves FEATURES_OK clear, or not. */
    public final void refuseFeatures(boolean refuse) {
        refusesFeatures = refuse;
    }

    /** Ops whose record begins so fail, until {@link #recover}. */
    public final void fail(String op) {
        failures.put(op, new VdpaException(VdpaError.EIO, op + " was told to fail"));
    }

    /** Ends {@link #fail}. */
    public final void recover(String op) {
        failures.remove(op);
    }

    /** Takes nothing from its queues from now on, or does again. */
    public final void hold(boolean hold) {
        holds = hold;
        if (!hold) {
            for (int i = 0; i < queues.length; i++) {
                kickVq(i);
            }
        }
    }

    /** Sets DEVICE_NEEDS_RESET. */
    public final void needReset() {
        status |= NEEDS_RESET;
        tellConfig();
    }

    /** Moves a used index further than anything is outstanding. */
    public final void breakQueue(int index) {
        long at = host(queues[index].addresses[2]) + 2;
        Memory.ALL.set(ValueLayout.JAVA_SHORT, at, (short) (Memory.ALL.get(ValueLayout.JAVA_SHORT, at) + 999));
        queues[index].callback.called();
    }

    /** The configuration has another content now. */
    protected final void configChanged() {
        generation++;
        tellConfig();
    }

    private void tellConfig() {
        ConfigCallback told = configCallback;
        if (told != null) {
            thread.execute(told::configChanged);
        }
    }

    // What a test looks at

    /** The ops so far, and forgets them. */
    public final List<String> takeLog() {
        List<String> taken = List.copyOf(log);
        log.clear();
        return taken;
    }

    /** The driver's memory, as the device has it. */
    public final DriverMemory memory() {
        return memory;
    }

    // The data path, on its thread

    /** Takes a chain, or null. */
    protected final Chain take(int index) {
        DeviceRing ring = queues[index].ring;
        if (holds || ring.take(1) <= 0) {
            return null;
        }
        return ring.taken(0);
    }

    /** Asks for a kick when there is a chain; returns whether there is one already that may be taken. */
    protected final boolean askForKick(int index) {
        return queues[index].ring.enableKicks() && !holds;
    }

    /** Completes a chain. */
    protected final void complete(int index, Chain chain, long written) {
        stage(index, chain, written);
        publish(index);
    }

    /** Completes a chain that is published later, with others. */
    protected final void stage(int index, Chain chain, long written) {
        queues[index].ring.complete(chain, written);
    }

    /** Publishes what was completed, with one index. */
    protected final void publish(int index) {
        DeviceRing ring = queues[index].ring;
        ring.publish();
        if (ring.callNeeded()) {
            queues[index].callback.called();
        }
    }

    /** Reads what the driver gave. */
    protected static ByteBuffer readable(Chain chain) {
        ByteBuffer in = ByteBuffer.allocate((int) chain.readableBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < chain.readableSegments(); i++) {
            in.put(Memory.ALL.asSlice(chain.address(i), chain.length(i)).asByteBuffer());
        }
        return in.flip();
    }

    /** Writes from the begin of the room that the driver gave. */
    protected static void write(Chain chain, byte[] bytes) {
        int done = 0;
        for (int i = chain.readableSegments(); i < chain.segments() && done < bytes.length; i++) {
            int count = Math.min(chain.length(i), bytes.length - done);
            MemorySegment.copy(bytes, done, Memory.ALL, ValueLayout.JAVA_BYTE, chain.address(i), count);
            done += count;
        }
    }

    /** Does something on the device's thread, if the device is live then. */
    protected final void whenLive(Runnable work) {
        thread.execute(() -> {
            if (isLive()) {
                work.run();
            }
        });
    }

    private boolean isLive() {
        return (status & DRIVER_OK) != 0 && (status & NEEDS_RESET) == 0;
    }

    private long host(long iova) {
        return Regions.of(memory).translate(iova, 1, false);
    }

    private void record(String op) throws VdpaException {
        log.add(op);
        for (Map.Entry<String, VdpaException> failure : failures.entrySet()) {
            if (op.startsWith(failure.getKey())) {
                throw failure.getValue();
            }
        }
    }

    /** Waits until the data path is not in the middle of something. */
    private void settle() {
        try {
            thread.submit(() -> { }).get();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    // The device

    @Override
    public String name() {
        return name;
    }

    @Override
    public String busName() {
        return "host";
    }

    @Override
    public String managementDeviceName() {
        return "fake";
    }

    @Override
    public int deviceId() {
        return deviceId;
    }

    @Override
    public int vqCount() {
        return queues.length;
    }

    @Override
    public VdpaConfigOps ops() {
        return this;
    }

    @Override
    public DmaMapping dma() {
        return this;
    }

    @Override
    public Optional<String> driverOverride() {
        return Optional.of("virtio");
    }

    @Override
    public Kind kind() {
        return Kind.DEVICE;
    }

    @Override
    public void setMap(int asid, DriverMemory table) throws VdpaException {
        record("map " + table.regions().size());
        memory = table;
    }

    @Override
    public long faults() {
        return 0;
    }

    @Override
    public void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException {
        record("address " + index);
        queues[index].addresses = new long[] {descriptorTable, driverArea, deviceArea};
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        record("num " + index + " " + num);
        queues[index].size = num;
    }

    @Override
    public void kickVq(int index) {
        thread.execute(() -> look(index));
    }

    private void look(int index) {
        DeviceRing ring = queues[index].ring;
        if (!isLive() || holds || ring == null) {
            return;
        }
        serve(index);
        // Chains that a type leaves where they are, until it has something for them, are no reason to look again.
        if (servesAll(index) && !holds && ring.enableKicks()) {
            kickVq(index);
        }
    }

    /** Whether the device takes all that is available on a queue at once. */
    protected boolean servesAll(int index) {
        return true;
    }

    @Override
    public void setVqCallback(int index, VqCallback called) {
        log.add("callback " + index);
        queues[index].callback = called;
    }

    @Override
    public void setVqReady(int index, boolean ready) throws VdpaException {
        record("ready " + index + " " + ready);
        Queue queue = queues[index];
        if (!ready) {
            settle();
            queue.ring = null;
            return;
        }
        var at = new RingAddresses(
                Memory.ALL, host(queue.addresses[0]), host(queue.addresses[1]), host(queue.addresses[2]));
        queue.ring = Rings.plainDevice(new DeviceRingConfig(at, queue.size, driverFeatures), Regions.of(memory));
    }

    @Override
    public boolean getVqReady(int index) {
        return queues[index].ring != null;
    }

    @Override
    public void setVqState(int index, VqState state) throws VdpaException {
        record("state " + index);
    }

    @Override
    public VqState getVqState(int index) {
        return VqState.Split.INITIAL;
    }

    @Override
    public int getVqAlign() {
        return 16;
    }

    @Override
    public int getVqNumMax() {
        return QUEUE_SIZE;
    }

    @Override
    public long getDeviceFeatures() {
        return features;
    }

    @Override
    public void setDriverFeatures(long accepted) throws VdpaException {
        record("features");
        driverFeatures = accepted;
    }

    @Override
    public long getDriverFeatures() {
        return driverFeatures;
    }

    @Override
    public void setConfigCallback(ConfigCallback changed) {
        configCallback = changed;
    }

    @Override
    public int getDeviceId() {
        return deviceId;
    }

    @Override
    public int getVendorId() {
        return 0;
    }

    @Override
    public int getStatus() {
        return status;
    }

    @Override
    public void setStatus(int next) throws VdpaException {
        record("status " + next);
        status = refusesFeatures ? next & ~FEATURES_OK : next;
        if ((status & DRIVER_OK) != 0) {
            for (int i = 0; i < queues.length; i++) {
                kickVq(i);
            }
        }
    }

    @Override
    public void reset() throws VdpaException {
        record("reset");
        status = 0;
        settle();
        for (Queue queue : queues) {
            queue.ring = null;
            queue.callback = null;
        }
        configCallback = null;
    }

    @Override
    public int getConfigSize() {
        return config.capacity();
    }

    @Override
    public void getConfig(int offset, byte[] target) {
        synchronized (config) {
            Arrays.fill(target, (byte) 0);
            config.get(offset, target, 0, Math.min(target.length, config.capacity() - offset));
        }
    }

    @Override
    public void setConfig(int offset, byte[] source) throws VdpaException {
        record("config");
    }

    @Override
    public int getGeneration() {
        return generation;
    }

    @Override
    public IovaRange getIovaRange() {
        return reach;
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
