package io.busbar.busdrivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_ACCESS_PLATFORM;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_IN_ORDER;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_RING_PACKED;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_INDIRECT_DESC;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.DeviceDesc;
import io.busbar.core.virtio.vop.DeviceEntry;
import io.busbar.core.virtio.vop.DevicePage;
import io.busbar.core.virtio.vop.VqConfig;
import io.busbar.testkit.vdpa.FakeDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Devices come to a card's page, change there, and go. */
@Timeout(120)
class PublishTest {

    private static final int DISK_BYTES = 1 << 20;
    private static final int SECOND_NANOS = 1_000_000_000;

    private Rig rig;

    @BeforeEach
    void begin() throws Exception {
        rig = new Rig();
    }

    @AfterEach
    void end() {
        rig.close();
    }

    @Test
    void aDiskIsAnEntryOfThePage() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES)
                .offering(FakeDisk.FEATURES | bit(VIRTIO_RING_F_INDIRECT_DESC) | bit(VIRTIO_F_RING_PACKED) | bit(VIRTIO_F_IN_ORDER))
                .field(BlockConfigLayout.SEG_MAX, 254);
        Binding binding = rig.publish(disk);

        eventually("the card is told", () -> rig.card.rings() == 1);
        DevicePage page = rig.card.decode();
        assertThat(page.boot().nodeId()).isEqualTo(1);
        DeviceEntry entry = page.entries().getFirst().entry();
        assertThat(page.entries().getFirst().offset()).isEqualTo(24);
        assertThat(entry.desc()).isEqualTo(new DeviceDesc(VirtioIds.VIRTIO_ID_BLOCK, 1, 8, BlockConfigLayout.BYTES, 0));
        assertThat(entry.offeredFeatures()).isEqualTo(FakeDisk.FEATURES | bit(VIRTIO_F_ACCESS_PLATFORM));
        assertThat(entry.acceptedFeatures()).isZero();
        assertThat(entry.queues()).singleElement().satisfies(queue -> {
            assertThat(queue.size()).isEqualTo(128);
            assertThat(queue.usedAddress()).isZero();
        });
        ByteBuffer config = ByteBuffer.wrap(entry.config()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(config.getLong(BlockConfigLayout.CAPACITY)).isEqualTo(DISK_BYTES / 512);
        assertThat(config.getInt(BlockConfigLayout.SEG_MAX)).isEqualTo(126);
        assertThat(entry.ctrl()).isEqualTo(DeviceCtrl.initial(entry.ctrl().hostDb()));
        assertThat(entry.ctrl().hostDb()).isBetween(0, 3);
        assertThat(binding.connected()).isFalse();
        assertThat(binding.endpoint()).isEqualTo("mic0 entry 24");
    }

    @Test
    void whoLooksBeforeACardIsThereIsNotRung() throws Exception {
        rig.publish(new FakeDisk(DISK_BYTES));
        rig.card.comeUp();

        assertThat(rig.card.live()).hasSize(1);
        assertThat(rig.card.rings()).isZero();
        assertThat(rig.link.faultsOfHost() + rig.link.faultsOfCard()).isZero();
    }

    @Test
    void eachFurtherDeviceIsBehindTheOneBefore() throws Exception {
        rig.publish(new EchoDevice("a", 1, 3));
        rig.publish(new EchoDevice("b", 4, 0));
        rig.publish(new EchoDevice("c", 0, 8));

        // 8 + 24 + 16 + 3 is 56, with ctrl 72; 8 + 96 + 16 is 120, with ctrl 136.
        assertThat(rig.card.live()).extracting(DevicePage.Slot::offset).containsExactly(24, 96, 232);
    }

    @Test
    void aDeviceWithMoreQueuesThanAnEntryHasIsRefused() {
        assertThatThrownBy(() -> rig.publish(new EchoDevice("disk0", 5, 0)))
                .isInstanceOf(VdpaException.class).hasMessage("disk0 has 5 queues: expected up to 4 over VOP");
        assertThat(rig.card.live()).isEmpty();
    }

    @Test
    void aCardOfManyQueuePairsIsPublishedWithOne() throws Exception {
        long features = EchoDevice.FEATURES | bit(VirtioNet.VIRTIO_NET_F_MQ) | bit(VirtioNet.VIRTIO_NET_F_CTRL_VQ)
                | bit(VirtioNet.VIRTIO_NET_F_CTRL_RX) | bit(VirtioNet.VIRTIO_NET_F_MAC);
        rig.publish(new EchoDevice("net0", VirtioIds.VIRTIO_ID_NET, 9, 12, features));

        DeviceEntry entry = rig.card.live().getFirst().entry();
        assertThat(entry.queues()).hasSize(2);
        assertThat(entry.offeredFeatures())
                .isEqualTo(EchoDevice.FEATURES | bit(VirtioNet.VIRTIO_NET_F_MAC) | bit(VIRTIO_F_ACCESS_PLATFORM));
    }

    @Test
    void aConfigurationThatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> rig.publish(new EchoDevice("big0", 4, 137))).isInstanceOf(VdpaException.class)
                .hasMessage("big0 does not fit an entry of a device page: bytes of an entry 264: expected 0 to 256");
        assertThat(rig.card.live()).isEmpty();
    }

    @Test
    void aLegacyDeviceIsRefused() {
        assertThatThrownBy(() -> rig.publish(new EchoDevice("old0", 42, 1, 0, 0))).isInstanceOf(VdpaException.class)
                .hasMessage("old0 does not offer VERSION_1: legacy devices are not published");
    }

    @Test
    void aPageThatIsFullIsAnErrorThatSaysSo() throws Exception {
        int published = 0;
        int shared = 0;
        VdpaException refusal = null;
        while (refusal == null) {
            shared = rig.link.sharedByHost();
            try {
                rig.publish(new EchoDevice("dev" + published, 4, 136));
                published++;
            } catch (VdpaException e) {
                refusal = e;
            }
        }

        assertThat(published).isEqualTo((4096 - 24 - 8) / 272);
        assertThat(refusal.error()).isEqualTo(VdpaError.ENOSPC);
        assertThat(refusal).hasMessage("the device page of mic0 is full: dev14 needs 272 bytes, and 256 are left");
        assertThat(rig.card.live()).hasSize(published);
        assertThat(rig.link.sharedByHost()).as("nothing is left of the attempt").isEqualTo(shared);
    }

    @Test
    void anEntryIsWholeWhenItsTypeIsThere() throws Exception {
        AtomicInteger seen = new AtomicInteger();
        AtomicInteger torn = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        int at = BootParam.BYTES;
        Thread card = Thread.ofPlatform().start(() -> {
            int before = 0;
            while (!over.get()) {
                int type = rig.card.page.getByte(at);
                if (type != before && (type == 41 || type == 42)) {
                    // Behind the numbers and one queue: features offered, accepted, configuration.
                    boolean whole = rig.card.page.getByte(at + 8 + 24 + 16) == type && rig.card.page.getByte(at + 1) == 1;
                    // Unless it has gone meanwhile.
                    torn.addAndGet(whole || rig.card.page.getByte(at) != type ? 0 : 1);
                    seen.incrementAndGet();
                }
                before = type;
            }
        });
        for (int i = 0; i < 300; i++) {
            int type = 41 + i % 2;
            EchoDevice echo = new EchoDevice("echo0", type, 1, 1, EchoDevice.FEATURES);
            echo.setConfig(0, type);
            rig.publish(echo).close();
            echo.close();
        }
        over.set(true);
        card.join();

        assertThat(rig.card.decode().entries()).as("all of them were at one place").hasSize(1);
        assertThat(seen.get()).isPositive();
        assertThat(torn).hasValue(0);
    }

    @Test
    void aDeviceThatGoesIsAskedBackFromTheCard() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        eventually("connected", binding::connected);
        disk.takeLog();

        Thread closing = Thread.ofPlatform().start(binding::close);
        eventually("the card is asked", () -> driver.configChange() == DeviceCtrl.DEV_REMOVE && rig.card.rings() == 2);
        driver.reset();
        driver.acknowledge();
        closing.join();

        assertThat(rig.card.decode().entries()).singleElement()
                .satisfies(slot -> assertThat(slot.entry().desc().type()).isEqualTo(DeviceDesc.REMOVED));
        assertThat(disk.takeLog()).startsWith("reset").endsWith("reset");
        assertThat(disk.memory().regions()).isEmpty();
        assertThat(binding.connected()).isFalse();
    }

    @Test
    void theCardMayTakeTheEntryAwayItself() throws Exception {
        rig.card.comeUp();
        Binding binding = rig.publish(new FakeDisk(DISK_BYTES));
        ScriptedDriver driver = rig.card.driver().takeDoorbell();

        Thread closing = Thread.ofPlatform().start(binding::close);
        eventually("the card is asked", () -> driver.configChange() == DeviceCtrl.DEV_REMOVE);
        driver.put(driver.slot.offset(), DeviceDesc.REMOVED);
        driver.ring();
        closing.join();

        assertThat(rig.card.live()).isEmpty();
    }

    @Test
    void aPlaceIsUsedAgainByAnEntryOfTheSameNumbers() throws Exception {
        Binding first = rig.publish(new EchoDevice("a", 2, 5));
        rig.publish(new EchoDevice("b", 1, 5));
        first.close();
        // As large as the first, but of other numbers: who walks the page now would meet another size.
        rig.publish(new EchoDevice("c", 1, 29));
        rig.publish(new EchoDevice("d", 2, 5));

        assertThat(rig.card.decode().entries()).extracting(DevicePage.Slot::offset).containsExactly(24, 120, 192);
        assertThat(rig.card.live()).hasSize(3).first()
                .satisfies(slot -> assertThat(slot.entry().queues()).hasSize(2));
    }

    @Test
    void aPlaceThatACardMayStillUseIsNobodys() throws Exception {
        rig.card.comeUp();
        Binding first = rig.publish(new EchoDevice("a", 1, 0));
        first.close();
        rig.publish(new EchoDevice("b", 1, 0));

        assertThat(rig.card.decode().entries()).extracting(slot -> slot.entry().desc().type())
                .containsExactly(DeviceDesc.REMOVED, 42);
    }

    @Test
    void aCardThatDoesNotAnswerCostsItsTimeOnceAndNotForEachDevice() throws Exception {
        rig.card.comeUp();
        List<Binding> bindings = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            bindings.add(rig.publish(new EchoDevice("dev" + i, 1, 0)));
        }
        long start = System.nanoTime();
        bindings.forEach(Binding::close);
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);

        assertThat(millis).isBetween((long) Rig.ACK_MILLIS, 4L * Rig.ACK_MILLIS);
        assertThat(rig.card.live()).isEmpty();
    }

    @Test
    void aCardThatIsHeardOfAgainIsWaitedForAgain() throws Exception {
        rig.card.comeUp();
        rig.publish(new EchoDevice("a", 1, 0)).close();
        Binding binding = rig.publish(new EchoDevice("b", 1, 0));
        ScriptedDriver driver = rig.card.driver();
        driver.takeDoorbell();
        driver.reset();

        Thread closing = Thread.ofPlatform().start(binding::close);
        eventually("the card is asked", () -> driver.configChange() == DeviceCtrl.DEV_REMOVE);
        driver.acknowledge();
        closing.join();

        rig.publish(new EchoDevice("c", 1, 0));
        assertThat(rig.card.live().getFirst().offset()).isEqualTo(driver.slot.offset());
    }

    @Test
    void aCardThatHasLeftIsNotWaitedForAndItsPlacesAreFree() throws Exception {
        rig = patient();
        rig.card.comeUp();
        int before = rig.link.sharedByHost();
        Binding binding = rig.publish(new FakeDisk(DISK_BYTES));
        ScriptedDriver driver = rig.card.driver().bringUp();
        driver.reset();
        driver.leave();
        rig.card.page.putByte(BootParam.CONFIG_DB, BootParam.NO_DOORBELL);
        long start = System.nanoTime();
        binding.close();

        assertThat(System.nanoTime() - start).isLessThan(SECOND_NANOS);
        assertThat(rig.link.sharedByHost()).isEqualTo(before);
        rig.publish(new FakeDisk(DISK_BYTES));
        assertThat(rig.card.live()).singleElement().satisfies(slot -> assertThat(slot.offset()).isEqualTo(driver.slot.offset()));
    }

    @Test
    void aCardThatComesBackFindsItsDevices() throws Exception {
        rig.card.comeUp();
        Binding binding = rig.publish(new FakeDisk(DISK_BYTES));
        ScriptedDriver driver = rig.card.driver().bringUp();
        driver.writeBlock(2, EchoDevice.pattern(512));
        driver.reset();
        driver.leave();
        rig.card.close();
        rig.card.page.putByte(BootParam.CONFIG_DB, BootParam.NO_DOORBELL);
        eventually("not connected", () -> !binding.connected());
        rig.card.comeUp();

        assertThat(rig.card.driver().bringUp().readBlock(2, 512)).isEqualTo(EchoDevice.pattern(512));
    }

    @Test
    void aLinkThatIsGoneIsNotWaitedFor() throws Exception {
        rig.card.comeUp();
        Binding binding = rig.publish(new FakeDisk(DISK_BYTES));
        rig.card.driver().bringUp();
        rig.link.sever();
        rig.driver.linkGone();
        long start = System.nanoTime();
        binding.close();

        assertThat(System.nanoTime() - start).isLessThan(SECOND_NANOS);
    }

    @Test
    void aLinkThatIsGoneLeavesNoMemoryShared() throws Exception {
        rig.card.comeUp();
        int before = rig.link.sharedByHost();
        Binding binding = rig.publish(new FakeDisk(DISK_BYTES));
        rig.card.driver().bringUp();
        assertThat(rig.link.sharedByHost()).isGreaterThan(before);
        rig.link.sever();
        rig.driver.linkGone();
        binding.close();

        assertThat(rig.link.sharedByHost()).isEqualTo(before);
    }

    @Test
    void theRingsOfACardThatIsSilentStayUntilItsLinkIsGone() throws Exception {
        rig.card.comeUp();
        int before = rig.link.sharedByHost();
        rig.publish(new EchoDevice("echo0", 2, 0)).close();
        assertThat(rig.link.sharedByHost()).isEqualTo(before + 2);
        rig.link.sever();
        rig.driver.linkGone();

        assertThat(rig.link.sharedByHost()).isEqualTo(before);
    }

    @Test
    void theRingsOfACardThatIsSilentGoWithTheBusDriver() throws Exception {
        rig.card.comeUp();
        int before = rig.link.sharedByHost();
        rig.publish(new EchoDevice("echo0", 2, 0)).close();
        rig.driver.close();

        assertThat(rig.link.sharedByHost()).isEqualTo(before);
    }

    @Test
    void theRingsOfADeviceThatTheCardHasLetGoOfGoAtOnce() throws Exception {
        rig.card.comeUp();
        int before = rig.link.sharedByHost();
        Binding binding = rig.publish(new EchoDevice("echo0", 2, 0));
        ScriptedDriver driver = rig.card.driver().takeDoorbell();
        Thread closing = Thread.ofPlatform().start(binding::close);
        eventually("the card is asked", () -> driver.configChange() == DeviceCtrl.DEV_REMOVE);
        driver.acknowledge();
        closing.join();

        assertThat(rig.link.sharedByHost()).isEqualTo(before);
    }

    @Test
    void aChangeOfTheConfigurationIsToldAndAcknowledged() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        disk.resize(2 * DISK_BYTES);

        eventually("the card is told", () -> driver.configChange() == DeviceCtrl.CONFIG_CHANGED && rig.card.rings() == 2);
        assertThat(capacity(driver)).isEqualTo(2 * DISK_BYTES);
        driver.acknowledge();
        eventually("the acknowledgement is taken", () -> driver.configChange() == DeviceCtrl.NONE);
        assertThat(Rig.sentence(binding)).isEmpty();
    }

    /** A console says so when its driver is there: Linux then asks for the size. */
    @Test
    void aDeviceThatOnlySaysThatItsConfigurationChangedIsPassedOn() throws Exception {
        rig.card.comeUp();
        EchoDevice device = new EchoDevice("echo", 1, 4);
        rig.publish(device);
        ScriptedDriver driver = rig.card.driver().bringUp();
        device.setConfig(0, driver.config()[0]);

        eventually("the card is told", () -> driver.configChange() == DeviceCtrl.CONFIG_CHANGED && rig.card.rings() == 2);
    }

    private static long capacity(ScriptedDriver driver) {
        return ByteBuffer.wrap(driver.config()).order(ByteOrder.LITTLE_ENDIAN).getLong(BlockConfigLayout.CAPACITY) * 512;
    }

    @Test
    void changesDuringAnAcknowledgementAreToldTogether() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        disk.resize(2 * DISK_BYTES);
        eventually("the card is told", () -> rig.card.rings() == 2);
        for (int i = 3; i <= 9; i++) {
            disk.resize(i * DISK_BYTES);
        }
        eventually("the last is in the page", () -> capacity(driver) == 9L * DISK_BYTES);
        driver.acknowledge();
        driver.ring();

        eventually("the card is told once more", () -> rig.card.rings() == 3);
        driver.acknowledge();
        driver.ring();
        eventually("all is acknowledged", () -> driver.configChange() == DeviceCtrl.NONE);
        assertThat(rig.card.rings()).isEqualTo(3);
    }

    @Test
    void aChangeThatIsNotAcknowledgedIsShownAndHoldsNothingUp() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        disk.resize(2 * DISK_BYTES);
        driver.writeBlock(0, new byte[512]);

        eventually("it is shown", () -> Rig.sentence(binding).equals(
                "mic0 did not acknowledge a change of the configuration within " + Rig.ACK_MILLIS + " ms"));
        assertThat(driver.configChange()).isEqualTo(DeviceCtrl.NONE);
        driver.writeBlock(0, new byte[512]);
        disk.resize(3 * DISK_BYTES);
        rig.card.acknowledge(driver.slot, DeviceCtrl.CONFIG_CHANGED);
        eventually("it is well again", () -> Rig.sentence(binding).isEmpty());
    }

    /** The card writes the same byte for either, so that one is asked after the other. */
    @Test
    void anAcknowledgementOfAChangeIsNotTakenForThatOfARemoval() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        disk.resize(2 * DISK_BYTES);
        eventually("the card is told", () -> driver.configChange() == DeviceCtrl.CONFIG_CHANGED);
        Thread closing = Thread.ofPlatform().start(binding::close);
        eventually("it is closing", () -> closing.getState() == Thread.State.TIMED_WAITING);
        driver.acknowledge();
        driver.ring();

        eventually("the card is asked", () -> driver.configChange() == DeviceCtrl.DEV_REMOVE);
        assertThat(rig.card.live()).hasSize(1);
        driver.letGo();
        closing.join();
        assertThat(rig.card.live()).isEmpty();
    }

    @Test
    void anAcknowledgementThatIsTooLateIsNotTakenForThatOfARemoval() throws Exception {
        rig = patient();
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        missAChange(binding, disk);
        driver.ring();
        Thread closing = Thread.ofPlatform().start(binding::close);
        eventually("the card is asked", () -> driver.configChange() == DeviceCtrl.DEV_REMOVE);
        driver.acknowledge();
        driver.reset();
        assertThat(rig.card.live()).as("its driver is there still").hasSize(1);

        driver.letGo();
        closing.join();
        rig.publish(new FakeDisk(DISK_BYTES));
        assertThat(rig.card.live()).singleElement().as("not where one more acknowledgement may come").satisfies(
                slot -> assertThat(slot.offset()).isEqualTo(driver.slot.end()));
    }

    @Test
    void aChangeIsToldOnceMoreWhenItsAcknowledgementMayBeThatOfAnEarlierOne() throws Exception {
        rig = patient();
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        Binding binding = rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        missAChange(binding, disk);
        int rings = rig.card.rings();
        disk.resize(3 * DISK_BYTES);
        eventually("the card is told", () -> rig.card.rings() == rings + 1);
        driver.acknowledge();
        driver.ring();
        eventually("the card is told once more", () -> rig.card.rings() == rings + 2);
        assertThat(driver.configChange()).isEqualTo(DeviceCtrl.CONFIG_CHANGED);
        driver.acknowledge();
        driver.ring();

        eventually("all is acknowledged", () -> driver.configChange() == DeviceCtrl.NONE);
        assertThat(rig.card.rings()).isEqualTo(rings + 2);
    }

    /** For what has to be done within the deadline, however busy the machine is. */
    private Rig patient() throws Exception {
        rig.close();
        return new Rig(new VopSettings(10 * Rig.ACK_MILLIS, 256, Rig.QUEUE_BYTES));
    }

    private static void missAChange(Binding binding, FakeDisk disk) {
        disk.resize(2 * DISK_BYTES);
        eventually("it is shown", () -> Rig.sentence(binding).startsWith("mic0 did not acknowledge a change"));
    }

    @Test
    void whatTheCardWritesOverIsNotReadBack() throws Exception {
        rig.card.comeUp();
        FakeDisk disk = new FakeDisk(DISK_BYTES);
        rig.publish(disk);
        ScriptedDriver driver = rig.card.driver().bringUp();
        int at = driver.slot.offset();
        driver.put(at + 1L, 200);
        driver.put(at + 2L, 255);
        driver.put(at + 3L, 255);
        rig.card.page.putShort(at + DeviceEntry.queueOffset(0) + 16L, 0xffff);
        rig.card.page.putLong(at + DeviceEntry.queueOffset(0), 0);

        driver.writeBlock(3, new byte[] {9, 8, 7});
        disk.resize(2 * DISK_BYTES);
        rig.card.acknowledge(driver.slot, DeviceCtrl.CONFIG_CHANGED);
        rig.publish(new EchoDevice("next", 1, 0));

        assertThat(disk.store()).containsSequence((byte) 9, (byte) 8, (byte) 7);
        assertThat(capacity(driver)).isEqualTo(2 * DISK_BYTES);
        int next = at + DeviceEntry.totalBytes(driver.slot.entry().desc());
        assertThat(rig.card.page.getByte(next)).isEqualTo(42);
        assertThat(VqConfig.MAX_ENTRIES).isEqualTo(driver.slot.entry().queues().getFirst().size());
    }
}
