package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.PLAIN;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.address;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.PositionalFile;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Rings that run, stop, move and break. */
class RingTest {

    private static final long REFUSED = 1;
    private static final int NEEDS_RESET = 0x40;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : opened.reversed()) {
            closeable.close();
        }
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.add(closeable);
        return closeable;
    }

    private Driver running(FakeDevice device) throws Exception {
        Rig rig = keep(new Rig(device));
        return keep(Driver.running(rig, ScriptedGuest.qemu()));
    }

    private static List<String> startOps(Driver driver, int base) {
        return List.of("num 0 256", driver.guest.ringOp(0), "state 0 " + base, "kickfd 0", "ready 0 true");
    }

    @Test
    void theKickDescriptorIsHandedToADeviceThatWaitsForItself() throws Exception {
        FakeDevice.Able device = new FakeDevice.Able();
        Driver driver = running(device);
        int first = device.kickDescriptor[0];
        assertThat(first).isNotNegative();
        assertThat(driver.wire.ack(12, u64(0), driver.event)).isZero();
        assertThat(device.kickDescriptor[0]).isNotNegative();
        assertThat(device.takeLog()).containsExactly("kickfd 0 none", "kickfd 0");
        assertThat(device.ready[0]).isTrue();
    }

    @Test
    void theCallDescriptorIsHandedToADeviceThatSignalsItself() throws Exception {
        FakeDevice.Caller device = new FakeDevice.Caller();
        Driver driver = running(device);
        try (Fd other = EventFd.create()) {
            assertThat(driver.wire.ack(13, u64(0), other)).isZero();
            assertThat(device.takeLog()).containsExactly("callfd 0");
            assertThat(driver.wire.ack(18, state(0, 0))).isZero();
            device.takeLog();
            assertThat(driver.wire.ack(18, state(0, 1))).isZero();
            assertThat(device.takeLog()).as("the device may have forgotten it").contains("callfd 0");
            EventFd.drain(other.number());
            EventFd.signal(device.callDescriptor[0]);
            assertThat(EventFd.drain(other.number())).as("it is the front-end's").isEqualTo(1);
        }
        assertThat(driver.wire.ack(13, u64(0x100))).isZero();
        assertThat(device.takeLog()).containsExactly("callfd 0 none");
        assertThat(device.ready[0]).as("the ring runs all the time").isTrue();
    }

    @Test
    void aCallDescriptorThatTheDeviceDoesNotTakeIsRefused() throws Exception {
        FakeDevice.Caller device = new FakeDevice.Caller();
        Driver driver = running(device);
        device.refusal = new VdpaException(VdpaError.EINVAL, "not that one");
        try (Fd other = EventFd.create()) {
            assertThat(driver.wire.ack(13, u64(0), other)).isEqualTo(1);
        }
    }

    @Test
    void kicksAreWaitedForHereWhereTheDeviceDoesNot() throws Exception {
        FakeDevice device = new FakeDevice();
        Driver driver = running(device);
        for (int i = 0; i < 3; i++) {
            int before = device.kicks.get();
            EventFd.signal(driver.event.number());
            Rig.await("kick " + i, () -> device.kicks.get() > before);
        }
        try (Fd other = EventFd.create()) {
            assertThat(driver.wire.ack(12, u64(0), other)).isZero();
            int before = device.kicks.get();
            EventFd.signal(other.number());
            Rig.await("a kick on the new descriptor", () -> device.kicks.get() > before);
            assertThat(driver.wire.ack(18, state(0, 0))).isZero();
            int after = device.kicks.get();
            EventFd.signal(other.number());
            driver.wire.barrier();
            assertThat(device.kicks.get()).as("a stopped ring is not kicked").isEqualTo(after);
            assertThat(driver.wire.ack(18, state(0, 1))).isZero();
            assertThat(device.kicks.get()).as("a kick that came meanwhile is not lost").isGreaterThan(after);
        }
    }

    @Test
    void aRingWithoutKickDescriptorIsPolled() throws Exception {
        for (FakeDevice device : List.of(new FakeDevice(), new FakeDevice.Able())) {
            Driver driver = running(device);
            assertThat(driver.wire.ack(12, u64(0x100))).isZero();
            int before = device.kicks.get();
            Rig.await("several kicks", () -> device.kicks.get() > before + 5);
            assertThat(driver.wire.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 3));
        }
    }

    @Test
    void laterRingsOfADeviceThatCannotStartThemAloneStartWithAllOthersAfterAReset() throws Exception {
        FakeDevice device = new FakeDevice();
        Driver driver = running(device);
        device.availIndex[0] = 40;
        driver.start(1, 7);
        assertThat(device.takeLog()).containsExactly(
                "ready 0 false", "reset", "status 1", "status 3", "features 0x100001244", "status 11",
                "num 0 256", driver.guest.ringOp(0), "state 0 40", "ready 0 true",
                "num 1 256", driver.guest.ringOp(1), "state 1 7", "ready 1 true", "status 15");
    }

    @Test
    void aBaseOrSizeForARunningRingStopsItUntilItsAddressesCome() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        assertThat(driver.wire.ack(8, state(0, 256))).isZero();
        assertThat(device.takeLog()).as("the same size").isEmpty();
        assertThat(driver.wire.ack(8, state(0, 128))).isZero();
        assertThat(driver.wire.ack(10, state(0, 500))).isZero();
        assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none");
        assertThat(driver.wire.ack(9, driver.guest.ring(0))).isZero();
        assertThat(device.takeLog()).containsExactly(
                "num 0 128", driver.guest.ringOp(0), "state 0 500", "kickfd 0", "ready 0 true");
    }

    @Test
    void otherAddressesForARunningRingMoveItAndTheSameOnesDoNothing() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        assertThat(driver.wire.ack(9, driver.guest.ring(0))).isZero();
        assertThat(device.takeLog()).isEmpty();
        device.availIndex[0] = 9;
        long user = driver.guest.user();
        assertThat(driver.wire.ack(9, address(0, user + 0x10000, user + 0x12000, user + 0x14000))).isZero();
        assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none", "num 0 256",
                "address 0 0x40010000 0x40014000 0x40012000", "state 0 9", "kickfd 0", "ready 0 true");
    }

    @Test
    void aNewTableWithTheSamePlacesIsTakenWhileRingsRun() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        for (int i = 0; i < 3; i++) {
            assertThat(driver.wire.ack(5, driver.guest.table(), driver.guest.file())).isZero();
            assertThat(device.takeLog()).containsExactly(driver.guest.mapOp());
            Rig.awaitMappings(1);
        }
    }

    @Test
    void aNewTableThatMovesARingInTheGuestStopsItTranslatesItAnewAndStartsIt() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        device.availIndex[0] = 21;
        try (ScriptedGuest moved = ScriptedGuest.at(0x9000_0000L, driver.guest.user(), 4096)) {
            assertThat(driver.wire.ack(5, moved.table(), moved.file())).isZero();
            assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none", moved.mapOp(), "num 0 256",
                    moved.ringOp(0), "state 0 21", "kickfd 0", "ready 0 true");
        }
    }

    @Test
    void memoryIsMappedWhereTheTableSays() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        try (Mapping mine = Mapping.map(
                driver.guest.file().number(), driver.guest.offset(), 8, true)) {
            mine.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 0x1122334455667788L);
            MemorySegment theirs = device.memory.regions().getFirst().segment();
            assertThat(theirs.get(ValueLayout.JAVA_LONG_UNALIGNED, 0)).isEqualTo(0x1122334455667788L);
        }
    }

    /** QEMU 7.2 says each region once for each queue pair of a network device, with the same file. */
    @Test
    void aRegionThatIsSaidTwiceIsThereUntilItWasTakenAwayTwice() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.negotiated(rig, ScriptedGuest.qemu()));
        long mappings = Rig.mappings();
        assertThat(driver.wire.ack(37, driver.guest.region(), driver.guest.file())).isZero();
        driver.start(0, 3);
        device.takeLog();
        assertThat(driver.wire.ack(37, driver.guest.region(), driver.guest.file())).isZero();
        assertThat(device.takeLog()).as("nothing is done for the second").isEmpty();
        assertThat(driver.wire.ack(38, driver.guest.region())).isZero();
        assertThat(device.ready[0]).isTrue();
        device.fail("map", VdpaError.EINVAL);
        assertThat(driver.wire.ack(38, driver.guest.region())).isEqualTo(REFUSED);
        device.recover("map");
        assertThat(driver.wire.ack(38, driver.guest.region())).isZero();
        assertThat(device.ready[0]).isFalse();
        assertThat(device.memory.regions()).isEmpty();
        Rig.awaitMappings(mappings);
        assertThat(driver.wire.ack(38, driver.guest.region())).isEqualTo(REFUSED);
    }

    @Test
    void aTableThatTheDeviceRefusesLeavesTheOldOne() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        device.fail("map", VdpaError.EINVAL);
        assertThat(driver.wire.ack(5, driver.guest.table(), driver.guest.file())).isEqualTo(REFUSED);
        device.recover("map");
        Rig.awaitMappings(1);
        assertThat(device.memory.regions().getFirst().segment().get(ValueLayout.JAVA_BYTE, 0)).isZero();
        assertThat(device.ready[0]).isTrue();
    }

    @Test
    void aTableThatTheDeviceDoesNotLetGoOfStaysMappedUntilItDoes() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        device.fail("map", VdpaError.ETIMEDOUT);
        assertThat(driver.wire.ack(5, driver.guest.table(), driver.guest.file())).isEqualTo(REFUSED);
        Rig.awaitMappings(2);
        device.recover("map");
        assertThat(driver.wire.ack(5, driver.guest.table(), driver.guest.file())).isZero();
        Rig.awaitMappings(1);
    }

    @Test
    void aRingThatDoesNotStopEndsTheConnection() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        device.fail("ready 0 false", VdpaError.ETIMEDOUT);
        driver.wire.send(11, PLAIN, state(0, 0));
        driver.wire.expectClosed();
        driver.rig.awaitFree();
        assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none", "reset", "map");
    }

    @Test
    void stoppingTwiceAnswersTheSameBase() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        device.availIndex[0] = 65535;
        assertThat(driver.wire.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 65535));
        assertThat(driver.wire.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 65535));
        assertThat(driver.wire.ask(11, state(1, 0)).payload()).isEqualTo(state(1, 0));
        assertThat(driver.wire.ack(18, state(0, 1))).isZero();
        assertThat(device.ready[0]).as("it takes a kick descriptor to start again").isFalse();
        assertThat(driver.wire.ack(12, u64(0), driver.event)).isZero();
        assertThat(device.takeLog()).endsWith("state 0 65535", "kickfd 0", "ready 0 true");
    }

    @Test
    void resetDeviceForgetsRingsAndKeepsTheSession() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        assertThat(driver.wire.ack(34, none())).isZero();
        assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none", "reset");
        assertThat(driver.wire.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 0));
        driver.start(0, 1);
        assertThat(device.takeLog()).containsExactly("status 1", "status 3", "features 0x100001244", "status 11",
                "num 0 256", driver.guest.ringOp(0), "state 0 1", "kickfd 0", "ready 0 true", "status 15");
    }

    @Test
    void withoutBit30AllRingsAreEnabled() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.withMemory(rig, ScriptedGuest.qemu()));
        assertThat(driver.wire.ack(2, u64(Driver.FEATURES & ~(1L << 30)))).isZero();
        driver.wire.ack(8, state(0, 256));
        driver.wire.ack(9, driver.guest.ring(0));
        assertThat(driver.wire.ack(12, u64(0), driver.event)).isZero();
        assertThat(device.ready[0]).isTrue();
    }

    @Test
    void otherFeaturesAfterTheRingsHaveStoppedResetTheDeviceAndKeepMemory() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        driver.wire.ask(11, state(0, 0));
        device.takeLog();
        assertThat(driver.wire.ack(2, u64(1L << 32 | 1L << 30))).isZero();
        assertThat(device.takeLog()).containsExactly("reset", "status 1", "status 3", "features 0x100000000", "status 11");
        assertThat(driver.wire.ack(12, u64(0), driver.event)).isZero();
        assertThat(device.takeLog()).startsWith(startOps(driver, 3).toArray(String[]::new)).endsWith("status 15");
    }

    @Test
    void featuresThatTheDeviceDoesNotTakeAreRefusedAndTheStatusShowsIt() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Rig rig = keep(new Rig(device));
        device.refusesFeatures = true;
        ScriptedFrontEnd wire = keep(rig.connect());
        assertThat(wire.ack(16, u64(wire.ask(15, none()).u64()))).isZero();
        assertThat(wire.ack(2, u64(Driver.FEATURES))).isEqualTo(REFUSED);
        assertThat(wire.ack(39, u64(0x0b))).isZero();
        assertThat(wire.ask(40, none()).u64()).isEqualTo(3);
        device.refusesFeatures = false;
        assertThat(wire.ack(2, u64(Driver.FEATURES))).isZero();
        assertThat(wire.ask(40, none()).u64()).isEqualTo(0x0b);
    }

    @Test
    void accessPlatformIsBetweenTheBusAndTheDeviceAndNotForFrontEnds() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        device.extraFeatures = 1L << 33 | 1L << 34 | 1L << 40;
        Rig rig = keep(new Rig(device));
        ScriptedFrontEnd wire = keep(rig.connect());
        assertThat(wire.barrier()).isEqualTo(FakeDevice.FEATURES | 1L << 30);
        assertThat(wire.ack(16, u64(8))).isZero();
        assertThat(wire.ack(2, u64(Driver.FEATURES))).isZero();
        assertThat(device.takeLog()).contains("features 0x300001244");
    }

    /** QEMU and DPDK serve it themselves: virtio 1.2, 5.1.3.1 has MQ and others depend on it. */
    @Test
    void whatAControlQueueIsForIsNotAcceptedFromAFrontEndThatKeepsThatQueue() throws Exception {
        long controlQueue = 1L << 17;
        long needIt = 1L << 18 | 1L << 19 | 1L << 20 | 1L << 21 | 1L << 22 | 1L << 23;
        long others = 1L << 32 | 1L << 16;
        for (int deviceId : new int[] {1, 2}) {
            FakeDevice device = new FakeDevice.Able();
            device.deviceId = deviceId;
            device.extraFeatures = controlQueue | needIt | 1L << 16;
            Rig rig = keep(new Rig(device));
            ScriptedFrontEnd wire = keep(rig.connect());
            assertThat(wire.ack(16, u64(8))).isZero();
            assertThat(wire.ack(2, u64(others | needIt))).isZero();
            assertThat(device.takeLog()).as("device id %d", deviceId)
                    .contains("features 0x" + Long.toHexString(deviceId == 1 ? others : others | needIt));
            assertThat(wire.ack(2, u64(others | needIt | controlQueue))).isZero();
            assertThat(device.takeLog()).contains("features 0x" + Long.toHexString(others | needIt | controlQueue));
        }
    }

    @Test
    void pairsOfQueuesAreWhatIsCountedOfANetworkDevice() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        device.deviceId = 1;
        ScriptedFrontEnd wire = keep(keep(new Rig(device)).connect());
        assertThat(wire.ack(16, u64(9))).isZero();
        assertThat(wire.ask(17, none()).u64()).isEqualTo(FakeDevice.QUEUES / 2);
    }

    @Test
    void aDeviceThatNeedsAResetBreaksItsRingsTellsTheFrontEndAndIsResetWhenARingIsSetUpAgain() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        List<UnixStream> channel = UnixStream.pair();
        channel.forEach(this::keep);
        assertThat(driver.wire.ack(21, none(), channel.get(1).fd())).isZero();
        Fd error = keep(EventFd.create());
        assertThat(driver.wire.ack(14, u64(0), error)).isZero();

        device.status |= NEEDS_RESET;
        device.configCallback.configChanged();
        Rig.await("the error descriptor", () -> EventFd.drain(error.number()) == 1);
        assertThat(driver.wire.ask(40, none()).u64() & NEEDS_RESET).isEqualTo(NEEDS_RESET);
        MemorySegment header = Arena.ofAuto().allocate(12);
        assertThat(channel.get(0).receiveExactly(header.address(), 12, 60 * ScriptedFrontEnd.SECONDS)).isEqualTo(12);
        assertThat(header.get(ValueLayout.JAVA_INT, 0)).isEqualTo(2);
        assertThat(header.get(ValueLayout.JAVA_INT, 4)).isEqualTo(1);
        assertThat(header.get(ValueLayout.JAVA_INT, 8)).isZero();
        device.takeLog();

        assertThat(driver.wire.ack(18, state(0, 1))).isZero();
        assertThat(device.takeLog()).as("enabling does not repair").isEmpty();
        driver.start(0, 11);
        assertThat(device.takeLog()).containsExactly("reset", "status 1", "status 3", "features 0x100001244",
                "status 11", "num 0 256", driver.guest.ringOp(0), "state 0 11", "kickfd 0", "ready 0 true", "status 15");
        assertThat(driver.wire.ask(40, none()).u64() & NEEDS_RESET).isZero();
    }

    @Test
    void changesOfTheConfigurationAreToldOnTheChannelAndCoalesced() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Driver driver = running(device);
        List<UnixStream> channel = UnixStream.pair();
        channel.forEach(this::keep);
        assertThat(driver.wire.ack(21, none(), channel.get(1).fd())).isZero();
        device.configCallback.configChanged();
        MemorySegment header = Arena.ofAuto().allocate(12);
        assertThat(channel.get(0).receiveExactly(header.address(), 12, 60 * ScriptedFrontEnd.SECONDS)).isEqualTo(12);
        assertThat(header.get(ValueLayout.JAVA_INT, 0)).isEqualTo(2);
        assertThat(driver.wire.ack(34, none())).isZero();
        assertThat(device.configCallback).as("told after a reset too").isNotNull();
    }

    @Test
    void aRingThatTheDeviceRefusesIsBrokenAndTheOthersRun() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.withMemory(rig, ScriptedGuest.qemu()));
        device.fail("ready 0 true", VdpaError.EINVAL);
        driver.wire.ack(8, state(0, 256));
        driver.wire.ack(9, driver.guest.ring(0));
        driver.wire.ack(18, state(0, 1));
        assertThat(driver.wire.ack(12, u64(0), driver.event)).isEqualTo(REFUSED);
        driver.start(1, 0);
        assertThat(device.ready).containsExactly(false, true);
        device.recover("ready 0 true");
        assertThat(driver.wire.ack(12, u64(0), driver.event)).isZero();
        assertThat(device.ready).containsExactly(true, true);
    }

    @Test
    void aMemoryFileThatShrankEndsTheConnectionWhenTheDeviceStumblesOverIt() throws Exception {
        FakeDevice device = new FakeDevice.Able();
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.running(rig, ScriptedGuest.shrinkable()));
        try (PositionalFile file = PositionalFile.adopt(driver.guest.file().duplicate())) {
            assertThat(file.truncate(0)).isZero();
        }
        device.status |= NEEDS_RESET;
        device.configCallback.configChanged();
        driver.wire.expectClosed();
    }
}
