package io.busbar.busdrivers.vop;

import static io.busbar.busdrivers.vop.ScriptedDriver.ACKNOWLEDGE;
import static io.busbar.busdrivers.vop.ScriptedDriver.DRIVER;
import static io.busbar.busdrivers.vop.ScriptedDriver.DRIVER_OK;
import static io.busbar.busdrivers.vop.ScriptedDriver.FEATURES_OK;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.bit;
import static io.busbar.testkit.vdpa.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBusDriver.Binding;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.vop.DeviceCtrl;
import io.busbar.core.virtio.vop.VopRing;
import io.busbar.testkit.vdpa.FakeDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The steps of a driver: reset, features, used addresses, DRIVER_OK, in the right order and in wrong ones. */
@Timeout(120)
class HandshakeTest {

    private static final int DISK_BYTES = 1 << 20;

    private final FakeDisk disk = new FakeDisk(DISK_BYTES);
    private Rig rig;
    private Binding binding;
    private ScriptedDriver driver;

    @BeforeEach
    void begin() throws Exception {
        rig = new Rig();
        rig.card.comeUp();
        binding = rig.publish(disk);
        driver = rig.card.driver();
        disk.takeLog();
    }

    @AfterEach
    void end() {
        rig.close();
        disk.close();
    }

    @Test
    void eachStepIsDoneToTheDevice() throws Exception {
        driver.takeDoorbell();
        driver.reset();
        assertThat(disk.takeLog()).containsExactly("reset");

        driver.status(ACKNOWLEDGE);
        driver.status(ACKNOWLEDGE | DRIVER);
        driver.accept(bit(VIRTIO_F_VERSION_1) | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH));
        driver.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        eventually("the features are settled", () -> disk.getStatus() == (ACKNOWLEDGE | DRIVER | FEATURES_OK));
        assertThat(disk.getDriverFeatures()).isEqualTo(bit(VIRTIO_F_VERSION_1) | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH));

        driver.connect();
        assertThat(disk.takeLog()).containsExactly("status 1", "status 3", "features", "status 11", "map 1", "num 0 128",
                "address 0", "callback 0", "ready 0 true");
        assertThat(binding.connected()).isFalse();

        driver.goLive();
        eventually("live", binding::connected);
        assertThat(disk.takeLog()).containsExactly("status 15");
        driver.writeBlock(1, new byte[] {1, 2, 3});
        assertThat(disk.served()).containsExactly("write@512+3");
    }

    @Test
    void stepsThatAreSeenAtOnceAreDoneInOrder() throws Exception {
        driver.takeDoorbell();
        driver.reset();
        driver.accept(driver.slot.entry().offeredFeatures());
        driver.put(driver.slot.offset() + 4L, ACKNOWLEDGE | DRIVER | FEATURES_OK);
        driver.connect().goLive();

        eventually("live", binding::connected);
        assertThat(disk.takeLog()).containsExactly("reset", "status 1", "status 3", "features", "status 11", "map 1",
                "num 0 128", "address 0", "callback 0", "ready 0 true", "status 15");
    }

    @Test
    void chainsWaitForDriverOk() throws Exception {
        driver.settle(driver.slot.entry().offeredFeatures()).connect();
        long data = rig.card.allocate(512, 0);
        driver.addBlock(VirtioBlk.VIRTIO_BLK_T_IN, 0, data, 512, 5);
        driver.kick(0);
        driver.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        driver.reset();
        assertThat(disk.served()).isEmpty();

        driver.bringUpAgain();
        assertThat(driver.readBlock(0, 512)).isEqualTo(new byte[512]);
        assertThat(disk.served()).containsExactly("read@0+512");
    }

    @Test
    void featuresThatWereNotOfferedAreRefused() throws Exception {
        driver.settle(driver.slot.entry().offeredFeatures() | bit(VirtioBlk.VIRTIO_BLK_F_LIFETIME));
        driver.awaitNeedsReset();

        assertThat(binding.health().reason()).isEqualTo(Reason.DEVICE_NEEDS_RESET);
        assertThat(Rig.sentence(binding)).startsWith("features of the card's driver: accepted but not offered: ");
        assertThat(disk.getStatus()).isZero();
        rig.card.acknowledge(driver.slot, DeviceCtrl.CONFIG_CHANGED);
        driver.bringUpAgain();
        assertThat(driver.readBlock(0, 512)).hasSize(512);
        assertThat(Rig.sentence(binding)).isEmpty();
    }

    @Test
    void aLegacyDriverIsRefused() throws Exception {
        driver.settle(driver.slot.entry().offeredFeatures() & ~bit(VIRTIO_F_VERSION_1));
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).contains("VERSION_1 was not accepted");
    }

    @Test
    void aDeviceThatRefusesFeaturesIsPassedOn() throws Exception {
        disk.refuseFeatures(true);
        driver.settle(driver.slot.entry().offeredFeatures());
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).startsWith("the device refused ");
    }

    @Test
    void usedAddressesBeforeFeaturesAreRefusedAndTheCardIsNotLeftWaiting() throws Exception {
        driver.takeDoorbell();
        driver.reset();
        driver.makeRing(0);
        driver.giveUsedAddress(0, driver.used[0].peerAddress());
        driver.usedAddressesUpdated();
        driver.awaitUsedAddressesTaken();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("the card's driver gave used rings before FEATURES_OK");
    }

    @Test
    void aUsedRingOutsideTheCardsMemoryIsRefused() throws Exception {
        driver.settle(driver.slot.entry().offeredFeatures());
        driver.giveUsedAddress(0, 0x7000_0000_0000L);
        driver.usedAddressesUpdated();
        driver.awaitUsedAddressesTaken();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).startsWith("queue 0: used ring: ").contains("0x700000000000");
        assertThat(rig.link.faultsOfCard()).isEqualTo(1);
    }

    @Test
    void aUsedRingThatIsCutOffByTheEndOfMemoryIsRefused() throws Exception {
        driver.settle(driver.slot.entry().offeredFeatures());
        driver.giveUsedAddress(0, rig.card.memory.peerAddress() + rig.card.memory.segment().byteSize() - 1028);
        driver.usedAddressesUpdated();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).startsWith("queue 0: used ring: 1030 bytes at ");
    }

    @Test
    void aMisalignedUsedRingIsRefused() throws Exception {
        driver.settle(driver.slot.entry().offeredFeatures());
        driver.giveUsedAddress(0, rig.card.memory.peerAddress() + 2);
        driver.usedAddressesUpdated();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).endsWith("expected a multiple of 4");
    }

    @Test
    void aUsedRingThatMovesWhileLiveIsRefused() throws Exception {
        driver.bringUp();
        eventually("live", binding::connected);
        driver.usedAddressesUpdated();
        driver.awaitUsedAddressesTaken();
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).isEqualTo("the card's driver gave used rings after DRIVER_OK");
    }

    @Test
    void aQueueWithoutUsedRingIsNotReady() throws Exception {
        EchoDevice echo = new EchoDevice("echo0", 2, 0);
        rig.publish(echo);
        ScriptedDriver second = rig.card.driver(rig.card.live().get(1));
        second.settle(second.slot.entry().offeredFeatures());
        second.makeRing(1);
        second.giveUsedAddress(1, second.used[1].peerAddress());
        second.usedAddressesUpdated();
        second.awaitUsedAddressesTaken();
        second.goLive();
        eventually("live", () -> (echo.getStatus() & DRIVER_OK) != 0);

        assertThat(echo.getVqReady(0)).isFalse();
        assertThat(echo.getVqReady(1)).isTrue();
    }

    @Test
    void aResetIsTotalBeforeItIsAcknowledged() throws Exception {
        driver.bringUp();
        driver.writeBlock(0, new byte[512]);
        disk.hold(true);
        driver.addBlock(VirtioBlk.VIRTIO_BLK_T_IN, 0, rig.card.allocate(512, 0), 512, 3);
        driver.kick(0);
        disk.takeLog();
        eventually("called for what was used", () -> driver.calls() == 1);
        driver.askForReset();
        eventually("acknowledged", driver::resetDone);

        assertThat(disk.takeLog()).containsExactly("reset", "map 0");
        assertThat(driver.status()).isZero();
        assertThat(driver.slot.entry().ctrl().usedAddressUpdated()).isZero();
        assertThat(rig.card.live().getFirst().entry().queues().getFirst().usedAddress()).isZero();
        assertThat(rig.card.live().getFirst().entry().acceptedFeatures()).isZero();
        byte[] rings = driver.host[0].segment().asSlice(0, VopRing.ringBytes(128)).toArray(ValueLayout.JAVA_BYTE);
        assertThat(rings).containsOnly(0);
        assertThat(binding.connected()).isFalse();
        disk.hold(false);
        assertThat(driver.calls()).isEqualTo(1);

        driver.status(0);
        driver.bringUpAgain();
        assertThat(driver.readBlock(0, 512)).hasSize(512);
    }

    @Test
    void theUsedRingOfBeforeAResetIsNotTouchedAnyMore() throws Exception {
        driver.bringUp();
        driver.writeBlock(0, new byte[512]);
        MemorySegment old = driver.used[0].segment();
        driver.reset();
        old.fill((byte) 0x5a);
        driver.bringUpAgain();
        driver.writeBlock(0, new byte[512]);
        assertThat(driver.readBlock(0, 512)).hasSize(512);

        assertThat(old.toArray(ValueLayout.JAVA_BYTE)).containsOnly(0x5a);
    }

    @Test
    void aResetWithoutAHandshakeIsAResetToo() throws Exception {
        driver.bringUp();
        driver.writeBlock(0, new byte[512]);
        driver.status(0);
        eventually("not connected", () -> !binding.connected() && disk.getStatus() == 0);

        driver.bringUpAgain();
        assertThat(driver.readBlock(0, 512)).hasSize(512);
    }

    @Test
    void aDeviceThatDoesNotLetGoIsNotSaidToBeReset() throws Exception {
        driver.bringUp();
        eventually("live", binding::connected);
        disk.fail("reset");
        driver.askForReset();
        eventually("shown", () -> binding.health().reason() == Reason.BACKEND_STUCK);
        assertThat(driver.resetDone()).isFalse();

        disk.recover("reset");
        eventually("acknowledged", driver::resetDone);
        assertThat(binding.health().reason()).isEqualTo(Reason.NONE);
    }

    @Test
    void aDeviceThatThrowsWhenItIsResetIsTakenFromTheCardAllTheSame() throws Exception {
        driver.bringUp();
        eventually("live", binding::connected);
        disk.close();
        binding.close();

        assertThat(binding.health().reason()).isEqualTo(Reason.BACKEND_STUCK);
        assertThat(rig.card.live()).isEmpty();
        eventually("its thread is gone", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("busbar-vop-mic0-disk0")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDeviceThatDoesNotLetGoIsTakenFromTheCardAllTheSame(boolean resetAsked) throws Exception {
        driver.bringUp();
        eventually("live", binding::connected);
        disk.fail("reset");
        if (resetAsked) {
            driver.askForReset();
            eventually("shown", () -> binding.health().reason() == Reason.BACKEND_STUCK);
        }
        long start = System.nanoTime();
        binding.close();

        assertThat(System.nanoTime() - start).isLessThan(5L * Rig.ACK_MILLIS * 1_000_000);
        assertThat(rig.card.live()).isEmpty();
        assertThat(disk.memory().regions()).as("the memory that it still has").hasSize(1);
        disk.recover("reset");
    }

    @Test
    void aDeviceThatNeedsAResetSaysSoOnTheCard() throws Exception {
        driver.bringUp();
        eventually("live", binding::connected);
        disk.needReset();
        driver.awaitNeedsReset();

        eventually("the card is told", () -> driver.configChange() == DeviceCtrl.CONFIG_CHANGED);
        driver.acknowledge();
        assertThat(Rig.sentence(binding)).isEqualTo("the device needs a reset");
        driver.bringUpAgain();
        assertThat(driver.readBlock(0, 512)).hasSize(512);
    }

    @Test
    void aDeviceThatBreaksItsQueueSaysSoOnTheCard() throws Exception {
        driver.bringUp();
        driver.writeBlock(0, new byte[512]);
        disk.breakQueue(0);
        driver.awaitNeedsReset();

        assertThat(Rig.sentence(binding)).startsWith("queue 0: the device: the used index moved");
    }

    @Test
    void neededResetsStayInTheStatusUntilThereIsOne() throws Exception {
        driver.bringUp();
        eventually("live", binding::connected);
        disk.needReset();
        driver.awaitNeedsReset();
        driver.status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);

        driver.awaitNeedsReset();
    }

    /** How far a card gets before it dies. */
    enum Step { NOTHING, DOORBELL, RESET, DRIVER_FOUND, FEATURES, RINGS, LIVE, BUSY, RESET_ASKED }

    @ParameterizedTest
    @EnumSource
    void aCardThatDiesInAnyStepIsLetGoInItsTime(Step step) throws Exception {
        take(step);
        long start = System.nanoTime();
        binding.close();

        assertThat(System.nanoTime() - start).isLessThan(10L * Rig.ACK_MILLIS * 1_000_000);
        assertThat(rig.card.live()).isEmpty();
        assertThat(disk.getStatus()).isZero();
        assertThat(disk.memory().regions()).isEmpty();
        eventually("its thread is gone", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("busbar-vop-mic0-disk0")));
    }

    private void take(Step step) throws Exception {
        long offered = driver.slot.entry().offeredFeatures();
        switch (step) {
            case NOTHING -> { }
            case DOORBELL -> driver.takeDoorbell();
            case RESET -> driver.takeDoorbell().reset();
            case DRIVER_FOUND -> {
                driver.takeDoorbell().reset();
                driver.status(ACKNOWLEDGE | DRIVER);
            }
            case FEATURES -> driver.settle(offered);
            case RINGS -> driver.settle(offered).connect();
            case LIVE -> driver.bringUp();
            case BUSY -> {
                driver.bringUp();
                disk.hold(true);
                driver.addBlock(VirtioBlk.VIRTIO_BLK_T_IN, 0, rig.card.allocate(512, 0), 512, 3);
                driver.kick(0);
            }
            case RESET_ASKED -> {
                driver.bringUp();
                driver.askForReset();
            }
        }
    }
}
