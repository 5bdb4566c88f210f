package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.message;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBusDriver;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A front-end goes on with another bus driver, as if that were in another process: its descriptors are duplicates. */
class HandoverTest {

    private static final int AVAILABLE_AT_STOP = 17;
    private static final int NEEDS_RESET = 0x40;
    /** By the front-end, by the one that takes over, and again after it was stopped. */
    private static final int REHEARSED_STARTS = 3;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final FakeDevice.Able device = new FakeDevice.Able();
    private final FakeDevice.Able otherDevice = new FakeDevice.Able();

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

    private static HandoverBusDriver.HandoverBinding able(Rig rig) {
        return (HandoverBusDriver.HandoverBinding) rig.binding;
    }

    private static Handover duplicate(Handover state) throws LinuxException {
        List<Integer> descriptors = new ArrayList<>();
        for (int descriptor : state.descriptors()) {
            descriptors.add(Fd.duplicateOf(descriptor).number());
        }
        return new Handover(state.format(), state.version(), state.content(), descriptors);
    }

    private HandoverBusDriver.HandoverBinding adopt(Handover state) throws VdpaException {
        VhostUserBusDriver successor = new VhostUserBusDriver(Rig.config());
        opened.add(successor::deactivate);
        return successor.adopt(otherDevice, state);
    }

    @Test
    void aRunningRingAndAHalfMessageGoOnWhereTheyWere() throws Exception {
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.running(rig, ScriptedGuest.qemu()));
        Fd call = keep(EventFd.create());
        assertThat(driver.wire.ack(13, u64(0), call)).isZero();
        EventFd.drain(call.number());
        byte[] begun = message(13, ScriptedFrontEnd.NEED_REPLY, u64(1));
        Fd second = keep(EventFd.create());
        driver.wire.sendRaw(Arrays.copyOf(begun, 5), second);
        device.availIndex[0] = AVAILABLE_AT_STOP;

        Handover state = able(rig).suspend();
        assertThat(device.ready[0]).isFalse();
        HandoverBusDriver.HandoverBinding successor = adopt(duplicate(state));
        assertThat(otherDevice.ready[0]).as("nothing runs before it is resumed").isFalse();
        successor.resume();

        assertThat(otherDevice.ready[0]).isTrue();
        assertThat(otherDevice.takeLog()).contains("num 0 256", driver.guest.ringOp(0), "state 0 " + AVAILABLE_AT_STOP);
        assertThat(otherDevice.status).isEqualTo(0xf);
        assertThat(otherDevice.kicks).hasPositiveValue();
        assertThat(EventFd.drain(call.number())).as("the driver is called once").isEqualTo(1);
        driver.wire.sendRaw(Arrays.copyOfRange(begun, 5, begun.length));
        assertThat(driver.wire.receive().u64()).isZero();
        assertThat(EventFd.drain(second.number())).as("the descriptor of the half message is in use").isEqualTo(1);
        // Protocol features are as they were agreed on: it is acknowledged.
        assertThat(driver.wire.ack(18, state(0, 0))).isZero();
        assertThat(otherDevice.ready[0]).isFalse();
        assertThat(successor.endpoint()).isEqualTo(rig.binding.endpoint());
        assertThat(successor.connected()).isTrue();
        goOnHereSoThatAllIsClosed(rig, driver, successor);
    }

    private static void goOnHereSoThatAllIsClosed(Rig rig, Driver driver, HandoverBusDriver.HandoverBinding successor) {
        successor.close();
        driver.wire.close();
        able(rig).resume();
    }

    @Test
    void whatWasSuspendedGoesOnHereIfNobodyTakesIt() throws Exception {
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.running(rig, ScriptedGuest.qemu()));
        device.availIndex[0] = AVAILABLE_AT_STOP;
        able(rig).suspend();
        device.takeLog();

        able(rig).resume();

        assertThat(device.takeLog()).contains("state 0 " + AVAILABLE_AT_STOP, "ready 0 true");
        assertThat(driver.wire.ack(18, state(0, 0))).isZero();
        driver.wire.close();
        rig.awaitFree();
        keep(Driver.running(rig, ScriptedGuest.qemu()));
    }

    @Test
    void aDeviceThatNeedsAResetIsHandedOverAsOneAndResetWhenARingIsSetUpAgain() throws Exception {
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.running(rig, ScriptedGuest.qemu()));
        device.status |= NEEDS_RESET;

        HandoverBusDriver.HandoverBinding successor = adopt(duplicate(able(rig).suspend()));
        otherDevice.status |= NEEDS_RESET; // As the device's own state, which is taken over then, has it.
        successor.resume();

        assertThat(driver.wire.ask(40, ScriptedFrontEnd.none()).u64() & NEEDS_RESET).isEqualTo(NEEDS_RESET);
        assertThat(otherDevice.ready[0]).as("its rings are broken").isFalse();
        otherDevice.takeLog();
        driver.start(0, AVAILABLE_AT_STOP);
        assertThat(otherDevice.takeLog()).startsWith("reset").contains("state 0 " + AVAILABLE_AT_STOP, "ready 0 true");
        goOnHereSoThatAllIsClosed(rig, driver, successor);
    }

    @Test
    void aRehearsalStartsAndStopsEveryRingOfAFreshDeviceAndLeavesItFresh() throws Exception {
        long descriptors = descriptors();
        VhostUserBusDriver successor = new VhostUserBusDriver(Rig.config());
        opened.add(successor::deactivate);
        successor.rehearse(otherDevice);

        List<String> log = otherDevice.takeLog();
        for (int ring = 0; ring < FakeDevice.QUEUES; ring++) {
            assertThat(log).filteredOn(("ready " + ring + " true")::equals).hasSize(REHEARSED_STARTS);
        }
        assertThat(log).contains("num 0 64").endsWith("reset", "map");
        assertThat(otherDevice.status).isZero();
        assertThat(otherDevice.memory).isEqualTo(DriverMemory.EMPTY);
        successor.deactivate();
        Rig.await("descriptors", () -> descriptors() <= descriptors);
    }

    private static long descriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }

    @Test
    void whatFailsInARehearsalIsRefused() throws Exception {
        VhostUserBusDriver successor = new VhostUserBusDriver(Rig.config());
        opened.add(successor::deactivate);
        otherDevice.fail("num 1", VdpaError.EINVAL);
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> successor.rehearse(otherDevice))
                .withMessageContaining("num 1 was told to fail");
        otherDevice.recover("num 1");
        successor.rehearse(otherDevice);
    }

    @Test
    void aRingThatDoesNotStopIsNotHandedOver() throws Exception {
        Rig rig = keep(new Rig(device));
        Driver driver = keep(Driver.running(rig, ScriptedGuest.qemu()));
        device.fail("ready 0 false", VdpaError.ETIMEDOUT);
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(able(rig)::suspend)
                .withMessageContaining("ring 0 does not stop");
        device.recover("ready 0 false");
        able(rig).resume();
        assertThat(driver.wire.ack(18, state(0, 0))).isZero();
    }

    @Test
    void aSocketWithoutAFrontEndIsListenedAt() throws Exception {
        Rig rig = keep(new Rig(device));
        HandoverBusDriver.HandoverBinding successor = adopt(duplicate(able(rig).suspend()));
        successor.resume();
        try (ScriptedFrontEnd wire = ScriptedFrontEnd.connect(rig.socket())) {
            assertThat(wire.ask(1, ScriptedFrontEnd.none()).u64()).isNotZero();
        }
        successor.close();
        able(rig).resume();
    }

    @Test
    void anotherVersionAndARecordThatIsCutShortAreRefused() throws Exception {
        Rig rig = keep(new Rig(device));
        keep(Driver.running(rig, ScriptedGuest.qemu()));
        Handover state = able(rig).suspend();
        Handover newer = duplicate(new Handover(state.format(), 2, state.content(), state.descriptors()));
        assertThatExceptionOfType(VdpaException.class)
                .isThrownBy(() -> adopt(newer))
                .withMessageEndingWith("expected vhost-user binding version 1");
        for (int length = 0; length < state.content().length; length += 7) {
            Handover cut = duplicate(new Handover(
                    state.format(), 1, Arrays.copyOf(state.content(), length), state.descriptors()));
            assertThatExceptionOfType(VdpaException.class).as("%d bytes", length)
                    .isThrownBy(() -> adopt(cut))
                    .matches(refused -> refused.reason() == Reason.STATE_UNKNOWN);
        }
        able(rig).resume();
    }
}
