package io.busbar.core.queue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqState;
import io.busbar.backends.memory.MemoryBackend;
import io.busbar.core.linux.EventFd;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.devices.block.BlockModelFactory;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestModelContext;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A hostile driver on a real disk: sequences of driver operations, well formed and not, against the engine, the block
 * model and the memory backend together.
 *
 * <p>Whatever the driver did: bytes outside its memory table stay untouched, a used element never claims more than the chain's
 * writable bytes, the device can be reset, and then serves a well-formed request.
 *
 * <p>Without {@code JAZZER_FUZZ=1} the seeds beside this class are replayed; with it, new sequences are searched for.
 */
class DriverOperationsFuzzTest {

    private static final int SIZE = 8;
    private static final int MOST_OPERATIONS = 64;
    private static final long ALL_FEATURES = 1L << VirtioConfig.VIRTIO_F_VERSION_1
            | 1L << VirtioConfig.VIRTIO_RING_F_EVENT_IDX
            | 1L << VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC
            | 1L << VirtioConfig.VIRTIO_F_IN_ORDER
            | 0xffff;
    /* Memory of the driver: rings, then buffers; right behind them what the device has no right to. */
    private static final long LENT = TestDriver.buffer(0);
    private static final int LENT_BYTES = 64 * 4096;
    private static final long PRIVATE = LENT + LENT_BYTES;
    private static final int PRIVATE_BYTES = 4096;
    private static final long INDIRECT_TABLE = LENT + 0x20000;
    /* Descriptor flags (virtio 1.2, 2.7.5). */
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    /* What requests are made of; the last type is none. */
    private static final int SECTORS = 2048;
    private static final int[] TYPES = {
        VirtioBlk.VIRTIO_BLK_T_IN, VirtioBlk.VIRTIO_BLK_T_OUT, VirtioBlk.VIRTIO_BLK_T_FLUSH,
        VirtioBlk.VIRTIO_BLK_T_GET_ID, VirtioBlk.VIRTIO_BLK_T_DISCARD, VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES,
        VirtioBlk.VIRTIO_BLK_T_SECURE_ERASE, 99
    };
    private static final int[] LENGTHS = {0, 1, 16, 20, 32, 511, 512, 513, 1024, 4096};
    private static final EngineSettings SETTINGS = new EngineSettings(0, TimeUnit.SECONDS.toNanos(20), 2, 2, false);

    private TestDriver driver;
    private SoftwareDataPath path;
    private DeviceModel model;
    private int usedSeen;
    /** Whether nobody but the device wrote to the device area. */
    private boolean intact;
    /** Whether there may be chains that the device has not looked at: it may do so at any time, also without a kick. */
    private boolean pending;
    /** Whether descriptors changed while there were: which of the two contents the device read nobody can say. */
    private boolean changed;
    private final long[] writable = new long[SIZE];

    @FuzzTest(maxDuration = "10m")
    void whatever_a_driver_does_the_device_stays_in_its_bounds_and_can_be_reset(FuzzedDataProvider data)
            throws Exception {
        try (TestDriver opened = new TestDriver()) {
            driver = opened;
            path = new SoftwareDataPath("fuzz", 1, (index, sentence) -> { }, SETTINGS, 1024);
            try (MemoryBackend backend = new MemoryBackend(TestBackendContext.of("size", "1M"))) {
                model = new BlockModelFactory().create(TestModelContext.of());
                model.attach(backend);
                path.attach(model);
                play(data);
                path.reset();
                assertThat(path.health()).isEqualTo(Health.OK);
                servesAGoodRequest();
            } finally {
                path.close();
            }
        }
    }

    private void play(FuzzedDataProvider data) throws VdpaException {
        fillPrivate();
        setUp(data);
        for (int i = 0; i < MOST_OPERATIONS && data.remainingBytes() > 0; i++) {
            operate(data);
            checkPrivate();
        }
    }

    private void operate(FuzzedDataProvider data) throws VdpaException {
        switch (data.consumeInt(0, 15)) {
            case 0, 1 -> writeDescriptor(data, TestDriver.table(0), SIZE);
            case 2 -> writeDescriptor(data, LENT, 32);
            case 3 -> writeHeader(data);
            case 4, 5 -> makeAvailable(data);
            case 6 -> kick();
            case 7 -> word(TestDriver.driverArea(0) + 2, data.consumeShort());
            case 8 -> word(TestDriver.driverArea(0) + 2L * data.consumeInt(0, SIZE + 3), data.consumeShort());
            case 9 -> scribble(data);
            case 10 -> restart(data);
            case 11 -> setUp(data);
            default -> request(data);
        }
    }

    private void setUp(FuzzedDataProvider data) throws VdpaException {
        path.reset();
        long features = data.consumeLong() & ALL_FEATURES | 1L << VirtioConfig.VIRTIO_F_VERSION_1;
        ours().asSlice(TestDriver.table(0) - TestDriver.IOVA, 0x10000).fill((byte) 0);
        path.setMemory(lent());
        path.setFeatures(features);
        model.setDriverFeatures(features);
        driver.setUp(path, 0, SIZE);
        path.run();
        usedSeen = 0;
        intact = true;
        look();
    }

    private void restart(FuzzedDataProvider data) throws VdpaException {
        path.setVqReady(0, false);
        if (data.consumeBoolean()) {
            path.setVqState(0, new VqState.Split(data.consumeInt(0, 0xffff)));
        }
        show();
        path.setVqReady(0, true);
        look();
    }

    private void writeDescriptor(FuzzedDataProvider data, long table, int entries) {
        int index = data.consumeInt(0, entries - 1);
        long address = data.consumeBoolean() ? LENT + data.consumeInt(0, LENT_BYTES) : data.consumeLong();
        int length = data.consumeBoolean() ? data.consumeInt(0, 8192) : data.consumeInt();
        putDescriptor(table, index, address, length, data.consumeInt(0, 9), data.consumeInt(0, entries + 1));
    }

    private void writeHeader(FuzzedDataProvider data) {
        putHeader(LENT + 16L * data.consumeInt(0, 63), data.consumeInt(-1, 16),
                data.consumeBoolean() ? data.consumeInt(0, 2100) : data.consumeLong());
    }

    /** A request as a good driver makes it, or nearly: of few bytes of input, so that many fit into one sequence. */
    private void request(FuzzedDataProvider data) {
        int type = data.pickValue(TYPES);
        long slot = LENT + 0x4000L * data.consumeInt(1, 4);
        putHeader(slot, type, data.consumeInt(0, 2 * SECTORS));
        putRanges(slot + 0x1000, data);
        int parts = 2 + data.consumeInt(0, 3);
        boolean indirect = data.consumeBoolean();
        int head = data.consumeInt(0, SIZE - 1);
        long table = indirect ? INDIRECT_TABLE : TestDriver.table(0);
        int first = indirect ? 0 : head;
        int writable = type == VirtioBlk.VIRTIO_BLK_T_IN || type == VirtioBlk.VIRTIO_BLK_T_GET_ID ? WRITE : 0;
        for (int i = 0; i < parts; i++) {
            boolean last = i == parts - 1;
            int flags = (last ? WRITE : NEXT) | (i == 0 || last ? 0 : writable);
            long address = i == 0 ? slot : last ? slot + 64 : slot + 0x1000L * i;
            int length = i == 0 ? 16 : last ? 1 : data.pickValue(LENGTHS);
            putDescriptor(table, (first + i) % SIZE, address, length, flags, (first + i + 1) % SIZE);
        }
        if (indirect) {
            putDescriptor(TestDriver.table(0), head, table, 16 * parts, INDIRECT, 0);
        }
        makeAvailable(head);
        if (data.consumeBoolean()) {
            kick();
        }
    }

    /** Two segments of a discard or of write zeroes, which only those look at. */
    private void putRanges(long iova, FuzzedDataProvider data) {
        changed |= pending;
        for (int i = 0; i < 2; i++) {
            long at = iova - TestDriver.IOVA + 16L * i;
            ours().set(JAVA_LONG_UNALIGNED, at, data.consumeInt(0, SECTORS + 8));
            ours().set(JAVA_INT_UNALIGNED, at + 8, data.consumeInt(0, 64));
            ours().set(JAVA_INT_UNALIGNED, at + 12, data.consumeInt(0, 3));
        }
    }

    private void putDescriptor(long table, int index, long address, int length, int flags, int next) {
        changed |= pending;
        long at = table - TestDriver.IOVA + 16L * index;
        ours().set(JAVA_LONG_UNALIGNED, at, address);
        ours().set(JAVA_INT_UNALIGNED, at + 8, length);
        ours().set(JAVA_SHORT_UNALIGNED, at + 12, (short) flags);
        ours().set(JAVA_SHORT_UNALIGNED, at + 14, (short) next);
    }

    private void putHeader(long iova, int type, long sector) {
        changed |= pending;
        long at = iova - TestDriver.IOVA;
        ours().set(JAVA_INT_UNALIGNED, at, type);
        ours().set(JAVA_INT_UNALIGNED, at + 4, 0);
        ours().set(JAVA_LONG_UNALIGNED, at + 8, sector);
    }

    private void makeAvailable(FuzzedDataProvider data) {
        makeAvailable(data.consumeInt(0, SIZE));
    }

    private void makeAvailable(int head) {
        show();
        long index = TestDriver.driverArea(0) + 2 - TestDriver.IOVA;
        int count = ours().get(JAVA_SHORT_UNALIGNED, index) & 0xffff;
        word(TestDriver.driverArea(0) + 4 + 2L * (count % SIZE), (short) head);
        ours().set(JAVA_SHORT_UNALIGNED, index, (short) (count + 1));
    }

    private void scribble(FuzzedDataProvider data) {
        changed |= pending;
        byte[] bytes = data.consumeBytes(32);
        long at = data.consumeInt(0, 0xffff - bytes.length);
        MemorySegment.copy(bytes, 0, ours(), JAVA_BYTE, TestDriver.table(0) - TestDriver.IOVA + at, bytes.length);
        intact &= TestDriver.table(0) + at + bytes.length <= TestDriver.deviceArea(0);
    }

    private void word(long iova, short value) {
        show();
        ours().set(JAVA_SHORT_UNALIGNED, iova - TestDriver.IOVA, value);
    }

    /** Before the device may look: what it can say of each chain is what the descriptors say now, not what it writes over them. */
    private void show() {
        if (!pending) {
            pending = true;
            for (int head = 0; head < SIZE; head++) {
                writable[head] = writableBytes(head);
            }
        }
    }

    private void kick() {
        EventFd.signal(driver.kick.number());
        path.kick(0);
        look();
    }

    /**
     * Waits until the device has looked at the ring, as it does after a kick and when the queue starts: two commands that its
     * thread does have a turn between them.
     */
    private void look() {
        path.setVqCallback(0, driver.calls::release);
        path.setVqCallback(0, driver.calls::release);
        if (intact) {
            checkUsed();
        }
        pending = false;
        changed = false;
    }

    private MemorySegment ours() {
        return driver.ours.segment();
    }

    /** All up to the private bytes, in two regions that follow each other. */
    private DriverMemory lent() {
        long rings = LENT - TestDriver.IOVA;
        MemorySegment theirs = driver.theirs.segment();
        return DriverMemory.of(List.of(
                new MemoryRegion(TestDriver.IOVA, rings, theirs.asSlice(0, rings), true, -1, 0),
                new MemoryRegion(LENT, LENT_BYTES, theirs.asSlice(rings, LENT_BYTES), true, -1, rings)));
    }

    /** Whatever the device says that it used: a head that there is, and no more bytes than the chain could take. */
    private void checkUsed() {
        long used = TestDriver.deviceArea(0) - TestDriver.IOVA;
        int index = ours().get(JAVA_SHORT_UNALIGNED, used + 2) & 0xffff;
        for (int i = 0; i < SIZE && usedSeen != index; i++, usedSeen = usedSeen + 1 & 0xffff) {
            long element = used + 4 + 8L * (usedSeen % SIZE);
            long head = ours().get(JAVA_INT_UNALIGNED, element) & 0xffff_ffffL;
            long length = ours().get(JAVA_INT_UNALIGNED, element + 4) & 0xffff_ffffL;
            assertThat(head).as("used head").isLessThan(SIZE);
            assertThat(changed || length <= writable[(int) head]).as("used length %d of head %d", length, head).isTrue();
        }
        usedSeen = index;
    }

    /** Adds up a chain's writable bytes as the ring has them now, believing nothing. */
    private long writableBytes(long head) {
        long table = TestDriver.table(0) - TestDriver.IOVA;
        long entries = SIZE;
        long at = head;
        long bytes = 0;
        for (int steps = 0; steps < 2 * SIZE && at < entries; steps++) {
            long address = ours().get(JAVA_LONG_UNALIGNED, table + 16 * at);
            long length = ours().get(JAVA_INT_UNALIGNED, table + 16 * at + 8) & 0xffff_ffffL;
            int flags = ours().get(JAVA_SHORT_UNALIGNED, table + 16 * at + 12);
            int next = ours().get(JAVA_SHORT_UNALIGNED, table + 16 * at + 14) & 0xffff;
            if ((flags & 4) != 0 && inside(address, length)) {
                table = address - TestDriver.IOVA;
                entries = length / 16;
                at = 0;
                continue;
            }
            bytes += (flags & 2) != 0 ? length : 0;
            if ((flags & 1) == 0) {
                return bytes;
            }
            at = next;
        }
        return bytes;
    }

    private static boolean inside(long address, long length) {
        long offset = address - TestDriver.IOVA;
        return offset >= 0 && offset <= PRIVATE - TestDriver.IOVA - length;
    }

    private void fillPrivate() {
        ours().asSlice(PRIVATE - TestDriver.IOVA, PRIVATE_BYTES).fill((byte) 0x55);
    }

    private void checkPrivate() {
        byte[] bytes = ours().asSlice(PRIVATE - TestDriver.IOVA, PRIVATE_BYTES).toArray(JAVA_BYTE);
        for (int i = 0; i < bytes.length; i++) {
            assertThat(bytes[i]).as("byte %d outside the memory table", i).isEqualTo((byte) 0x55);
        }
    }

    /** A write and a read of one sector through a queue that was set up afresh. */
    private void servesAGoodRequest() throws VdpaException {
        long features = 1L << VirtioConfig.VIRTIO_F_VERSION_1;
        ours().asSlice(TestDriver.table(0) - TestDriver.IOVA, 0x10000).fill((byte) 0);
        path.setMemory(lent());
        path.setFeatures(features);
        model.setDriverFeatures(features);
        driver.setUp(path, 0, SIZE);
        path.run();
        DriverRing ring = driver.ring(0, SIZE, features);
        driver.put(LENT + 512, 0x3c);
        assertThat(request(ring, 1, new int[] {16, 512, 1}, 2, 1)).isEqualTo(1);
        driver.put(LENT + 512, 0);
        assertThat(request(ring, 0, new int[] {16, 512, 1}, 1, 2)).isEqualTo(513);
        assertThat(driver.get(LENT + 512)).isEqualTo(0x3c);
    }

    private long request(DriverRing ring, int type, int[] lengths, int out, int in) {
        MemorySegment header = ours().asSlice(LENT - TestDriver.IOVA, 16);
        header.fill((byte) 0);
        header.set(JAVA_INT_UNALIGNED, 0, type);
        driver.put(LENT + 2048, 0xff);
        ring.add(new long[] {LENT, LENT + 512, LENT + 2048}, lengths, out, in, 7);
        ring.publish();
        EventFd.signal(driver.kick.number());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        int token;
        do {
            token = ring.poll();
            assertThat(System.nanoTime()).isLessThan(end);
        } while (token == DriverRing.EMPTY);
        assertThat(token).isEqualTo(7);
        assertThat(driver.get(LENT + 2048)).as("status").isZero();
        return ring.usedLength();
    }
}
