package io.busbar.busdrivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.api.vop.LinkCounters;
import io.busbar.api.vop.LinkMeter;
import io.busbar.api.vop.OwnMemory;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.testkit.vdpa.FakeDisk;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chains of the card's driver, what is in them, and what the link has of it. */
@Timeout(240)
class RelayTest {

    private static final int DISK_BYTES = 4 << 20;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final EchoDevice echo = new EchoDevice("echo0", 1, 0);
    private Rig rig;
    private Binding binding;
    private ScriptedDriver driver;

    @BeforeEach
    void begin() throws Exception {
        rig = new Rig();
        rig.card.comeUp();
        binding = rig.publish(echo);
        driver = rig.card.driver().bringUp();
    }

    @AfterEach
    void end() {
        rig.close();
        echo.close();
    }

    private ScriptedDriver another(FakeDisk disk) throws Exception {
        rig.publish(disk);
        return rig.card.driver(rig.card.live().get(1)).bringUp();
    }

    private int add(int token, long[] places, int[] lengths, int out) {
        long[] addresses = Arrays.stream(places).map(driver::address).toArray();
        return driver.rings[0].add(addresses, lengths, out, places.length - out, token);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whatIsCopiedIsExactlyWhatIsSaid(long seed) {
        RandomChains chains = new RandomChains(driver, echo, seed);
        for (int i = 0; i < 200; i++) {
            chains.exchange();
        }
        assertThat(rig.link.faultsOfHost() + rig.link.faultsOfCard()).isZero();
    }

    @Test
    void aBufferUpToTheLastByteOfTheCardsMemoryIsFine() throws Exception {
        OwnMemory odd = rig.card.ops.attach(new MemoryRegion(0, 100,
                rig.card.memory.segment().asSlice(4096, 100), true, -1, 0));
        driver.write(4096 + 90, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        echo.write(0);
        driver.rings[0].add(new long[] {odd.peerAddress() + 90}, new int[] {10}, 1, 0, 3);
        driver.kick(0);

        assertThat(driver.awaitUsed(0)).isEqualTo(3);
        assertThat(echo.received()).singleElement().isEqualTo(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
        assertThat(rig.link.faultsOfCard()).isZero();
    }

    @Test
    void aChainOfAsManyBuffersAsTheRingHasEntriesIsRelayed() {
        long[] places = new long[128];
        int[] lengths = new int[128];
        for (int i = 0; i < 128; i++) {
            lengths[i] = i + 1;
            places[i] = rig.card.allocate(lengths[i], i % 64);
        }
        echo.write(64 * 10);
        assertThat(add(1, places, lengths, 64)).isZero();
        driver.kick(0);

        driver.awaitUsed(0);
        assertThat(driver.rings[0].usedLength()).isEqualTo(640);
        assertThat(echo.received().getFirst()).hasSize(64 * 65 / 2);
    }

    @Test
    void whatIsMoreThanTheRoomForAllWaits() {
        echo.keep(true);
        int bytes = Rig.QUEUE_BYTES / 4;
        long at = rig.card.allocate(bytes, 0);
        for (int token = 0; token < 12; token++) {
            add(token, new long[] {at}, new int[] {bytes - 64}, 1);
        }
        driver.kick(0);
        eventually("as many as there is room for", () -> echo.received().size() == 4);
        echo.keep(false);

        for (int i = 0; i < 12; i++) {
            driver.awaitUsed(0);
        }
        assertThat(echo.received()).hasSize(12);
        assertThat(Rig.sentence(binding)).isEmpty();
    }

    @Test
    void aChainThatIsLargerThanTheRoomBreaksTheQueue() {
        long at = rig.card.allocate(Rig.QUEUE_BYTES + 1, 0);
        add(0, new long[] {at}, new int[] {Rig.QUEUE_BYTES + 1}, 1);
        driver.kick(0);
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("queue 0: a chain of " + (Rig.QUEUE_BYTES + 64)
                + " bytes: expected up to " + Rig.QUEUE_BYTES + " (setting queueBytes)");
    }

    @Test
    void chainsReachTheDeviceInTheOrderOfTheDriverAndComeBackInThatOfTheDevice() {
        echo.keep(true);
        int[] sizes = {40_000, 3, 200_000, 64, 1, 70_000};
        for (int token = 0; token < sizes.length; token++) {
            add(token, new long[] {rig.card.allocate(sizes[token], token)}, new int[] {sizes[token]}, 1);
        }
        driver.kick(0);
        eventually("all are there", () -> echo.received().size() == sizes.length);
        assertThat(echo.received()).extracting(bytes -> bytes.length).containsExactly(40_000, 3, 200_000, 64, 1, 70_000);
        echo.keep(false);

        List<Integer> back = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            back.add(driver.awaitUsed(0));
        }
        assertThat(back).containsExactly(5, 4, 3, 2, 1, 0);
    }

    @Test
    void aBufferOutsideTheCardsMemoryBreaksTheQueueAndNothingIsTouched() {
        byte[] before = driver.read(0, 4096);
        echo.write(64);
        driver.rings[0].add(new long[] {driver.address(0), 0x1000}, new int[] {64, 64}, 0, 2, 0);
        driver.kick(0);
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding))
                .isEqualTo("queue 0: a buffer of 64 bytes at 0x1000: expected memory that mic0 shares");
        assertThat(echo.received()).isEmpty();
        assertThat(driver.read(0, 4096)).isEqualTo(before);
        assertThat(rig.link.faultsOfCard()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -64, 1L << 46, Long.MAX_VALUE, Long.MIN_VALUE})
    void anAddressThatNoCardHasBreaksTheQueue(long address) {
        driver.rings[0].add(new long[] {address}, new int[] {128}, 1, 0, 0);
        driver.kick(0);
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).startsWith("queue 0: ");
        assertThat(echo.received()).isEmpty();
    }

    @Test
    void aBufferThatPassesTheEndOfTheCardsMemoryBreaksTheQueue() {
        long last = rig.card.memory.segment().byteSize() - 32;
        driver.rings[0].add(new long[] {driver.address(last)}, new int[] {33}, 1, 0, 0);
        driver.kick(0);
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).contains("a buffer of 33 bytes");
    }

    @Test
    void memoryThatIsTakenAwayUnderARequestIsNotTouchedAnyMore() throws Exception {
        OwnMemory other = rig.card.ops.allocate("other", 1 << 16);
        echo.keep(true);
        driver.rings[0].add(new long[] {other.peerAddress() + 1}, new int[] {40_000}, 0, 1, 0);
        driver.kick(0);
        eventually("the device has it", () -> echo.received().size() == 1);
        other.close();
        echo.write(40_000);
        echo.keep(false);
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("queue 0: mic0 has taken memory away that its driver gave to the device");
        assertThat(other.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
        assertThat(driver.rings[0].poll()).isEqualTo(DriverRing.EMPTY);
    }

    @Test
    void moreHeadsThanTheRingHasEntriesBreakTheQueue() {
        // As if the ring had the 256 entries that the card has written over the page: 129 are available at once.
        driver.host[0].putShort(2048 + 2, 129);
        driver.ring();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).startsWith("queue 0: the available index moved by more than the queue size");
    }

    @Test
    void aHeadOutsideTheRingBreaksTheQueue() {
        driver.host[0].putShort(2048 + 4, 128);
        driver.host[0].putShort(2048 + 2, 1);
        driver.ring();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("queue 0: a head in the available ring is not below the queue size");
    }

    @Test
    void aChainThatLoopsBreaksTheQueue() {
        descriptor(0, driver.address(0), 64, 1, 0);
        driver.host[0].putShort(2048 + 2, 1);
        driver.ring();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).contains("it loops");
    }

    @Test
    void anIndirectTableBreaksTheQueue() {
        descriptor(0, driver.address(0), 64, 4, 0);
        driver.host[0].putShort(2048 + 2, 1);
        driver.ring();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).contains("INDIRECT_DESC was not negotiated");
    }

    @Test
    void chainsThatShareTheirEntriesAreDoneOneAfterTheOther() {
        // 128 heads, each a chain of all entries but one: more than the device's ring has room for at once.
        for (int i = 0; i < 128; i++) {
            boolean last = i == 127;
            descriptor(i, driver.address(64L * i), 16, last ? 0 : 1, last ? 0 : i + 1);
            driver.host[0].putShort(2048 + 4 + 2L * i, i);
        }
        driver.host[0].putShort(2048 + 2, 128);
        driver.ring();

        eventually("all are done", () -> echo.received().size() == 128);
        assertThat(Rig.sentence(binding)).isEmpty();
    }

    @Test
    void aChainWithoutAByteIsGivenBack() {
        descriptor(0, driver.address(0), 0, 0, 0);
        driver.host[0].putShort(2048 + 4, 0);
        driver.host[0].putShort(2048 + 2, 1);
        driver.ring();

        eventually("used", () -> driver.used[0].segment().get(ValueLayout.JAVA_SHORT, 2) == 1);
        assertThat(echo.received()).isEmpty();
        assertThat(Rig.sentence(binding)).isEmpty();
    }

    private void descriptor(int index, long address, int length, int flags, int next) {
        long at = 16L * index;
        driver.host[0].putLong(at, address);
        driver.host[0].putInt(at + 8, length);
        driver.host[0].putShort(at + 12, flags);
        driver.host[0].putShort(at + 14, next);
    }

    @Test
    void aBrokenDeviceHoldsUpNoOther() throws Exception {
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        ScriptedDriver other = another(disk);
        driver.rings[0].add(new long[] {8}, new int[] {64}, 1, 0, 0);
        driver.kick(0);
        driver.awaitNeedsReset();

        other.writeBlock(4, EchoDevice.pattern(5000 / 512 * 512));
        assertThat(other.readBlock(4, 4608)).isEqualTo(EchoDevice.pattern(4608));
    }

    // The status of a block request is its last byte, behind all that a device may say that it has written

    @Test
    void aDiskThatWritesNothingHasNotSucceeded() throws Exception {
        FakeDisk lazy = new FakeDisk(DISK_BYTES) {
            @Override
            protected void serve(int index) {
                for (Chain chain = take(index); chain != null; chain = take(index)) {
                    complete(index, chain, 0);
                }
            }
        };
        ScriptedDriver other = another(lazy);
        for (int type : new int[] {VirtioBlk.VIRTIO_BLK_T_IN, VirtioBlk.VIRTIO_BLK_T_OUT}) {
            // Twice: its memory may have the status of an earlier request.
            for (int i = 0; i < 2; i++) {
                other.addBlock(type, 0, rig.card.allocate(512, 0), 512, 1);
                other.kick(0);
                other.awaitUsed(0);
                assertThat(other.blockStatus()).isEqualTo(VirtioBlk.VIRTIO_BLK_S_IOERR);
                assertThat(other.rings[0].usedLength()).isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 512, 513})
    void whatADiskHasDoneReachesTheCardWhateverLengthItSays(int shortBy) throws Exception {
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        System.arraycopy(EchoDevice.pattern(512), 0, disk.store(), 0, 512);
        ScriptedDriver other = another(disk);
        disk.shorten(shortBy);
        long data = rig.card.allocate(512, 5);
        other.addBlock(VirtioBlk.VIRTIO_BLK_T_IN, 0, data, 512, 1);
        other.kick(0);
        other.awaitUsed(0);

        assertThat(other.blockStatus()).isZero();
        assertThat(other.read(data, 512)).isEqualTo(EchoDevice.pattern(512));
        assertThat(other.rings[0].usedLength()).isEqualTo(513 - shortBy);
    }

    @Test
    void ofARequestThatHasFailedOnlyWhatTheDiskSaysAndTheStatusReachTheCard() throws Exception {
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        ScriptedDriver other = another(disk);
        disk.answer(VirtioBlk.VIRTIO_BLK_T_IN, VirtioBlk.VIRTIO_BLK_S_UNSUPP);
        disk.shorten(513);
        long data = rig.card.allocate(512, 0);
        other.write(data, EchoDevice.pattern(512));
        other.addBlock(VirtioBlk.VIRTIO_BLK_T_IN, 0, data, 512, 1);
        other.kick(0);
        other.awaitUsed(0);

        assertThat(other.blockStatus()).isEqualTo(VirtioBlk.VIRTIO_BLK_S_UNSUPP);
        assertThat(other.read(data, 512)).isEqualTo(EchoDevice.pattern(512));
    }

    // What crosses the link

    private LinkMeter meter(String device) {
        return rig.link.host().ops().meter(device, 0);
    }

    @Test
    void nothingIsReadOverTheLinkAndNothingIsAllocatedInTheSteadyState() throws Exception {
        FakeDisk disk = new FakeDisk.WithKickDescriptors(DISK_BYTES);
        ScriptedDriver other = another(disk);
        byte[] block = EchoDevice.pattern(4096);
        exchange(other, block, 2000);
        long lane = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("busbar-vop-mic0-disk0")).findFirst().orElseThrow().threadId();
        LinkCounters before = meter("disk0").read();
        exchange(other, block, 500);
        LinkCounters after = meter("disk0").read();
        long bytes = Long.MAX_VALUE;
        // What is compiled may change once more.
        for (int i = 0; i < 10 && bytes > 0; i++) {
            long allocated = THREADS.getThreadAllocatedBytes(lane);
            exchange(other, block, 500);
            bytes = THREADS.getThreadAllocatedBytes(lane) - allocated;
        }

        assertThat(after.nonPostedReads()).isEqualTo(before.nonPostedReads());
        // Header and data of a write, header of a read; data of a read.
        assertThat(after.dmaDescriptors() - before.dmaDescriptors()).isEqualTo(500 * 4);
        assertThat(bytes).as("bytes that the lane allocated for 1000 requests").isZero();
    }

    private void exchange(ScriptedDriver other, byte[] block, int count) {
        for (int i = 0; i < count; i++) {
            rig.card.forgetAllocations();
            other.writeBlock(i % 64 * 8, block);
            other.readBlock(i % 64 * 8, 4096);
        }
    }

    @Test
    void whatTheRingsWriteIsTold() throws Exception {
        echo.write(0);
        byte[] before = driver.used[0].segment().toArray(ValueLayout.JAVA_BYTE);
        LinkCounters first = meter("echo0").read();
        long at = rig.card.allocate(64, 0);
        for (int token = 1; token <= 5; token++) {
            add(token, new long[] {at}, new int[] {64}, 1);
        }
        driver.kick(0);
        for (int i = 0; i < 5; i++) {
            driver.awaitUsed(0);
        }
        eventually("the host sleeps", () -> availEvent() == 5);
        LinkCounters last = meter("echo0").read();
        byte[] after = driver.used[0].segment().toArray(ValueLayout.JAVA_BYTE);

        // Elements of 8 bytes, the index once per publication, and the event word once per sleep.
        long posted = last.postedBytes() - first.postedBytes();
        long writes = last.postedWrites() - first.postedWrites();
        assertThat(posted).isEqualTo(8 * 5 + 2 * (writes - 5));
        assertThat(writes).isBetween(5L + 2, 5L + 10);
        for (int i = 0; i < after.length; i++) {
            boolean told = i >= 2 && i < 4 + 8 * 5 || i == 4 + 8 * 128 || i == 5 + 8 * 128;
            assertThat(told || before[i] == after[i]).as("byte " + i + " of the used ring").isTrue();
        }
        assertThat(last.nonPostedReads()).isEqualTo(first.nonPostedReads());
        assertThat(last.dmaDescriptors() - first.dmaDescriptors()).isEqualTo(5);
        assertThat(last.dmaBytes() - first.dmaBytes()).isEqualTo(5 * 64);
    }

    @Test
    void aDriverWithoutEventIndexIsToldByFlags() throws Exception {
        driver.reset();
        driver.bringUpAgain(driver.slot.entry().offeredFeatures() & ~bit(VIRTIO_RING_F_EVENT_IDX));
        LinkCounters first = meter("echo0").read();
        RandomChains chains = new RandomChains(driver, echo, 9);
        for (int i = 0; i < 100; i++) {
            chains.exchange();
        }

        assertThat(meter("echo0").read().nonPostedReads()).isEqualTo(first.nonPostedReads());
        eventually("kicks are asked for", () -> driver.used[0].segment().get(ValueLayout.JAVA_SHORT, 0) == 0);
    }

    private int availEvent() {
        return driver.used[0].segment().get(ValueLayout.JAVA_SHORT, 4 + 8 * 128);
    }

    /** Longer than a transfer may be, and in no line with anything: what is copied is neither moved nor mixed up. */
    @ParameterizedTest
    @ValueSource(ints = {1, 13, 63})
    void aLongBufferAtAnyAddressArrivesWhole(int skew) {
        int bytes = 600_001;
        byte[] sent = EchoDevice.pattern(bytes);
        long from = rig.card.allocate(bytes, skew);
        driver.write(from, sent);
        echo.write(0);
        add(0, new long[] {from}, new int[] {bytes}, 1);
        driver.kick(0);
        driver.awaitUsed(0);
        assertThat(echo.received()).singleElement().isEqualTo(sent);

        long before = rig.card.allocate(64, 0);
        long to = rig.card.allocate(bytes, skew);
        driver.write(before, new byte[64]);
        echo.write(bytes);
        add(0, new long[] {to}, new int[] {bytes}, 0);
        driver.kick(0);
        driver.awaitUsed(0);
        assertThat(driver.rings[0].usedLength()).isEqualTo(bytes);
        assertThat(driver.read(to, bytes)).isEqualTo(sent);
        assertThat(driver.read(before, 64)).containsOnly(0);
        assertThat(driver.read(to + bytes, 64)).containsOnly(0);
    }

    @Test
    void aLongBufferIsSeveralTransfers() {
        int bytes = Rig.QUEUE_BYTES - 64;
        long at = rig.card.allocate(bytes, 0);
        byte[] sent = EchoDevice.pattern(bytes);
        driver.write(at, sent);
        echo.write(0);
        add(0, new long[] {at}, new int[] {bytes}, 1);
        driver.kick(0);
        driver.awaitUsed(0);

        assertThat(echo.received()).singleElement().isEqualTo(sent);
        assertThat(meter("echo0").read().dmaDescriptors()).isEqualTo(2);
    }
}
