package io.busbar.busdrivers.virtio;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.ConfigCallback;
import io.busbar.api.vdpa.DmaMapping;
import io.busbar.api.vdpa.IovaRange;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Memory;
import io.busbar.core.linux.Poll;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;
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

/**
 * A disk with a data path of its own, on one thread, over an array. It records the ops that it is given, and does wrong
 * what a test asks for.
 */
public class FakeDisk implements VdpaDevice, DmaMapping, VdpaConfigOps, AutoCloseable {

    /** What it offers if a test says nothing else. */
    public static final long FEATURES = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX)
            | bit(VirtioBlk.VIRTIO_BLK_F_SEG_MAX) | bit(VirtioBlk.VIRTIO_BLK_F_BLK_SIZE)
            | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH) | bit(VirtioBlk.VIRTIO_BLK_F_DISCARD)
            | bit(VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES);
    /** Most bytes of a discard or a write of zeroes. */
    public static final int MAX_RANGE = 1 << 20;

    private static final int QUEUE_SIZE = 256;
    private static final int FEATURES_OK = 8;
    private static final int DRIVER_OK = 4;
    private static final int NEEDS_RESET = 64;
    private static final int HEADER = 16;

    private final byte[] store;
    private final ByteBuffer config = ByteBuffer.allocate(BlockConfigLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("fake-disk").factory());
    private final List<String> log = new CopyOnWriteArrayList<>();
    private final List<String> served = new CopyOnWriteArrayList<>();
    private final Map<String, VdpaException> failures = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> statuses = new ConcurrentHashMap<>();
    private volatile long features = FEATURES;
    private volatile IovaRange reach = IovaRange.ALL;
    private volatile boolean refusesFeatures;
    private volatile boolean holds;
    private volatile int shortBy;
    private volatile int status;
    private volatile int generation;
    private volatile ConfigCallback configCallback;
    private volatile DriverMemory memory = DriverMemory.EMPTY;
    private long driverFeatures;
    private int size;
    private long[] addresses;
    private volatile VqCallback callback;
    private volatile DeviceRing ring;

    /** A disk of so many bytes, in blocks of 512. */
    public FakeDisk(int bytes) {
        store = new byte[bytes];
        put(BlockConfigLayout.CAPACITY, bytes / 512L);
        config.putInt(BlockConfigLayout.SEG_MAX, 126);
        config.putInt(BlockConfigLayout.BLK_SIZE, 512);
        config.putInt(BlockConfigLayout.MAX_DISCARD_SECTORS, MAX_RANGE / 512);
        config.putInt(BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS, MAX_RANGE / 512);
    }

    private void put(int offset, long value) {
        synchronized (config) {
            config.putLong(offset, value);
        }
    }

    // What a test asks for

    /** Sets a field of the configuration. */
    public FakeDisk field(int offset, int value) {
        synchronized (config) {
            config.putInt(offset, value);
        }
        return this;
    }

    /** Offers other features. */
    public FakeDisk offering(long offered) {
        features = offered;
        return this;
    }

    /** Reaches other addresses. */
    public FakeDisk reaching(long first, long last) {
        reach = new IovaRange(first, last);
        return this;
    }

    /** Leaves FEATURES_OK clear, or not. */
    public void refuseFeatures(boolean refuse) {
        refusesFeatures = refuse;
    }

    /** Ops whose record begins so fail, until {@link #recover}. */
    public void fail(String op) {
        failures.put(op, new VdpaException(VdpaError.EIO, op + " was told to fail"));
    }

    /** Ends {@link #fail}. */
    public void recover(String op) {
        failures.remove(op);
    }

    /** Answers a request type with a status. */
    public void answer(int type, int withStatus) {
        statuses.put(type, withStatus);
    }

    /** Says that it wrote so many bytes less than it did. */
    public void shorten(int bytes) {
        shortBy = bytes;
    }

    /** Takes no request from now on, or does again. */
    public void hold(boolean hold) {
        holds = hold;
        if (!hold) {
            look();
        }
    }

    /** Sets DEVICE_NEEDS_RESET. */
    public void needReset() {
        status |= NEEDS_RESET;
        tellConfig();
    }

    /** Moves the used index further than anything is outstanding. */
    public void breakQueue() {
        long index = host(addresses[2]) + 2;
        Memory.ALL.set(ValueLayout.JAVA_SHORT, index, (short) (Memory.ALL.get(ValueLayout.JAVA_SHORT, index) + 999));
        callback.called();
    }

    /** Has another capacity from now on. */
    public void resize(long bytes) {
        put(BlockConfigLayout.CAPACITY, bytes / 512);
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
    public List<String> takeLog() {
        List<String> taken = List.copyOf(log);
        log.clear();
        return taken;
    }

    /** The requests that it served, as {@code type@byte+length}. */
    public List<String> served() {
        return served;
    }

    /** The bytes. */
    public byte[] store() {
        return store;
    }

    /** The driver's memory, as the device has it. */
    public DriverMemory memory() {
        return memory;
    }

    // The data path, on its thread

    private void look() {
        thread.execute(this::serve);
    }

    private void serve() {
        DeviceRing now = ring;
        if (now == null || holds || (status & DRIVER_OK) == 0 || (status & NEEDS_RESET) != 0) {
            return;
        }
        int count = now.take(1);
        while (count > 0) {
            Chain chain = now.taken(0);
            now.complete(chain, Math.max(0, serve(chain) - shortBy));
            now.publish();
            if (now.callNeeded()) {
                callback.called();
            }
            count = holds ? 0 : now.take(1);
        }
        if (!holds && now.enableKicks()) {
            look();
        }
    }

    private long serve(Chain chain) {
        ByteBuffer in = ByteBuffer.allocate((int) chain.readableBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < chain.readableSegments(); i++) {
            in.put(Memory.ALL.asSlice(chain.address(i), chain.length(i)).asByteBuffer());
        }
        int type = in.getInt(0);
        long offset = in.getLong(8) * 512;
        int room = (int) chain.writableBytes() - 1;
        byte[] out = new byte[room];
        int outcome = statuses.getOrDefault(type, 0);
        in.position(HEADER);
        served.add(text(type, in, offset, room));
        if (outcome == 0) {
            outcome = perform(type, in, offset, out);
        }
        scatter(chain, out, outcome);
        return room + 1L;
    }

    private static String text(int type, ByteBuffer in, long offset, int room) {
        return switch (type) {
            case VirtioBlk.VIRTIO_BLK_T_IN -> "read@" + offset + "+" + room;
            case VirtioBlk.VIRTIO_BLK_T_OUT -> "write@" + offset + "+" + in.remaining();
            case VirtioBlk.VIRTIO_BLK_T_FLUSH -> "flush";
            case VirtioBlk.VIRTIO_BLK_T_DISCARD -> "discard@" + range(in);
            case VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES ->
                "zeroes@" + range(in) + (in.getInt(HEADER + 12) == 0 ? "" : " unmap");
            default -> "type " + type;
        };
    }

    private static String range(ByteBuffer in) {
        return in.getLong(HEADER) * 512 + "+" + in.getInt(HEADER + 8) * 512L;
    }

    private int perform(int type, ByteBuffer in, long offset, byte[] out) {
        switch (type) {
            case VirtioBlk.VIRTIO_BLK_T_IN -> System.arraycopy(store, (int) offset, out, 0, out.length);
            case VirtioBlk.VIRTIO_BLK_T_OUT -> in.get(store, (int) offset, in.remaining());
            case VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES -> {
                int from = (int) in.getLong(HEADER) * 512;
                Arrays.fill(store, from, from + in.getInt(HEADER + 8) * 512, (byte) 0);
            }
            default -> { }
        }
        return 0;
    }

    private static void scatter(Chain chain, byte[] out, int outcome) {
        byte[] all = Arrays.copyOf(out, out.length + 1);
        all[out.length] = (byte) outcome;
        int done = 0;
        for (int i = chain.readableSegments(); i < chain.segments(); i++) {
            MemorySegment.copy(all, done, Memory.ALL, JAVA_BYTE, chain.address(i), chain.length(i));
            done += chain.length(i);
        }
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
        return "disk0";
    }

    @Override
    public String busName() {
        return "host";
    }

    @Override
    public String managementDeviceName() {
        return "fake_block";
    }

    @Override
    public int deviceId() {
        return 2;
    }

    @Override
    public int vqCount() {
        return 1;
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
        addresses = new long[] {descriptorTable, driverArea, deviceArea};
    }

    @Override
    public void setVqNum(int index, int num) throws VdpaException {
        record("num " + index + " " + num);
        size = num;
    }

    @Override
    public void kickVq(int index) {
        look();
    }

    @Override
    public void setVqCallback(int index, VqCallback called) {
        log.add("callback " + index);
        callback = called;
    }

    @Override
    public void setVqReady(int index, boolean ready) throws VdpaException {
        record("ready " + index + " " + ready);
        var at = new RingAddresses(Memory.ALL, host(addresses[0]), host(addresses[1]), host(addresses[2]));
        ring = Rings.plainDevice(new DeviceRingConfig(at, size, driverFeatures), Regions.of(memory));
    }

    @Override
    public boolean getVqReady(int index) {
        return ring != null;
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
        return 2;
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
            look();
        }
    }

    @Override
    public void reset() throws VdpaException {
        record("reset");
        status = 0;
        settle();
        ring = null;
        callback = null;
        configCallback = null;
    }

    @Override
    public int getConfigSize() {
        return BlockConfigLayout.BYTES;
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

    /** One that waits for kicks by itself. */
    public static final class WithKickDescriptors extends FakeDisk implements KickDescriptors {

        private static final long LOOK_NANOS = 10_000_000;

        private volatile int descriptor = -1;
        private Thread waiter;

        /** A disk of so many bytes, in blocks of 512. */
        public WithKickDescriptors(int bytes) {
            super(bytes);
        }

        @Override
        public synchronized void setVqKickDescriptor(int index, int newDescriptor) throws VdpaException {
            descriptor = newDescriptor;
            try {
                if (waiter != null) {
                    waiter.join();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (newDescriptor >= 0) {
                waiter = Thread.ofPlatform().daemon().start(() -> await(newDescriptor));
            }
        }

        private void await(int kick) {
            while (descriptor == kick) {
                if (Poll.await(kick, Poll.POLLIN, LOOK_NANOS) > 0) {
                    EventFd.drain(kick);
                    kickVq(0);
                }
            }
        }

        @Override
        public void reset() throws VdpaException {
            setVqKickDescriptor(0, -1);
            super.reset();
        }
    }
}
