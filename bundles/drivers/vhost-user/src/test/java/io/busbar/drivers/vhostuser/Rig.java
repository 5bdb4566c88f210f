package io.busbar.drivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.CallDescriptors;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.MemFd;
import io.busbar.testkit.vhostuser.ScriptedBackEnd;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A far device, its far process by script, and a driver with memory, without a bus between them. */
final class Rig implements AutoCloseable {

    static final long IOVA = 0x4000_0000L;
    static final long OFFSET = 0x3000;
    static final int BYTES = 1 << 20;
    static final int NUM = 256;
    static final long FEATURES = 0x1_3000_0244L;
    static final int ACKNOWLEDGE = 1;
    static final int DRIVER = 3;
    static final int FEATURES_OK = 11;
    static final int DRIVER_OK = 15;
    private static final Duration DEADLINE = Duration.ofSeconds(20);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);

    final ScriptedBackEnd far;
    final Fd file = MemFd.create("driver", OFFSET + 2 * BYTES, true);
    final Mapping mapping = Mapping.map(file.number(), OFFSET, BYTES, true);
    final Mapping more = Mapping.map(file.number(), OFFSET + BYTES, BYTES, true);
    final Fd kick = EventFd.create();
    final Fd call = EventFd.create();
    private final Path socket;
    private final Settings settings;
    private FarDevice device;

    Rig(Path folder) throws Exception {
        this(folder, Duration.ofSeconds(10), Duration.ofSeconds(10));
    }

    Rig(Path folder, Duration message, Duration drain) throws Exception {
        socket = Files.createDirectories(folder).resolve("far.sock");
        far = ScriptedBackEnd.listen(socket);
        settings = new Settings(message.toNanos(), drain.toNanos());
    }

    FarWords words() throws VdpaException {
        return words(Map.of());
    }

    FarWords words(Map<String, String> more) throws VdpaException {
        Map<String, String> words = new HashMap<>(Map.of("socket", socket.toString(), "class", "block"));
        words.putAll(more);
        return FarWords.of(words);
    }

    FarDevice connect() throws Exception {
        return connect(Map.of());
    }

    FarDevice connect(Map<String, String> more) throws Exception {
        device = FarDevice.connect("far0", words(more), settings, settings.messageNanos());
        return device;
    }

    /** Connects, and takes the device to DRIVER_OK with queue 0, as a bus driver does. */
    FarDevice run() throws Exception {
        connect();
        start(FEATURES);
        return device;
    }

    FarDevice device() {
        return device;
    }

    VdpaConfigOps ops() {
        return device.ops();
    }

    void start(long features) throws VdpaException {
        accept(features);
        ((OnChipIommu) ops()).setMap(0, memory());
        startQueue(0);
        ops().setStatus(DRIVER_OK);
    }

    void accept(long features) throws VdpaException {
        ops().setStatus(ACKNOWLEDGE);
        ops().setStatus(DRIVER);
        ops().setDriverFeatures(features);
        ops().setStatus(FEATURES_OK);
    }

    void startQueue(int index) throws VdpaException {
        ops().setVqNum(index, NUM);
        ops().setVqAddress(index, table(index), available(index), used(index));
        ops().setVqState(index, new VqState.Split(0));
        ((CallDescriptors) ops()).setVqCallDescriptor(index, call.number());
        ((KickDescriptors) ops()).setVqKickDescriptor(index, kick.number());
        ops().setVqReady(index, true);
    }

    DriverMemory memory() {
        return DriverMemory.of(List.of(region()));
    }

    MemoryRegion region() {
        return new MemoryRegion(IOVA, BYTES, mapping.segment(), true, file.number(), OFFSET);
    }

    MemoryRegion another() {
        return new MemoryRegion(2 * IOVA, BYTES, more.segment(), true, file.number(), OFFSET + BYTES);
    }

    static long table(int index) {
        return IOVA + 0x10000L * index;
    }

    static long available(int index) {
        return table(index) + 0x4000;
    }

    static long used(int index) {
        return table(index) + 0x8000;
    }

    /** Publishes so many buffers: the available index. */
    void makeAvailable(int index, int count) {
        mapping.segment().set(U16, available(index) - IOVA + 2, (short) count);
    }

    /** The far process has used so many buffers. */
    void use(int index, int count) {
        mapping.segment().set(U16, used(index) - IOVA + 2, (short) count);
    }

    Health health() {
        return device.health();
    }

    void awaitReason(Reason reason) {
        await(() -> health().reason() == reason, "reason " + reason);
    }

    /** Waits until a request of that number has come so often. */
    void awaitRequests(int id, long count) {
        await(() -> far.received().stream().filter(request -> request.id() == id).count() >= count,
                count + " requests " + id);
    }

    void await(BooleanSupplier condition, String what) {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not in time: " + what + "; " + (device == null ? "" : health()) + "; "
                        + far.received().stream().map(ScriptedBackEnd.Received::id).toList());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        if (device != null) {
            device.close();
        }
        far.close();
        kick.close();
        call.close();
        mapping.close();
        more.close();
        file.close();
    }
}
