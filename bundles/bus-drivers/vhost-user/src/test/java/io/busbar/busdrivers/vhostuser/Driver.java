package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;

/** A front-end that has agreed on everything there is, with descriptors and memory of its own. */
final class Driver implements AutoCloseable {

    static final long FEATURES = 0x1_0000_1244L | 1L << 30;

    final Rig rig;
    final ScriptedFrontEnd wire;
    final ScriptedGuest guest;
    final Fd event;

    private Driver(Rig rig, ScriptedGuest guest) throws LinuxException {
        this.rig = rig;
        this.guest = guest;
        this.wire = rig.connect();
        this.event = EventFd.create();
    }

    /** Protocol features and features are agreed on. */
    static Driver negotiated(Rig rig, ScriptedGuest guest) throws LinuxException {
        Driver driver = new Driver(rig, guest);
        long offered = driver.wire.ask(15, none()).u64();
        assertThat(driver.wire.ack(16, u64(offered))).isZero();
        assertThat(driver.wire.ack(2, u64(FEATURES))).isZero();
        return driver;
    }

    /** Memory is there too. */
    static Driver withMemory(Rig rig, ScriptedGuest guest) throws LinuxException {
        Driver driver = negotiated(rig, guest);
        assertThat(driver.wire.ack(5, guest.table(), guest.file())).isZero();
        return driver;
    }

    /** Ring 0 runs, from available index 3. */
    static Driver running(Rig rig, ScriptedGuest guest) throws LinuxException {
        Driver driver = withMemory(rig, guest);
        driver.start(0, 3);
        assertThat(rig.device.ready[0]).isTrue();
        rig.device.takeLog();
        return driver;
    }

    void start(int ring, int base) {
        assertThat(wire.ack(8, state(ring, 256))).isZero();
        assertThat(wire.ack(10, state(ring, base))).isZero();
        assertThat(wire.ack(9, guest.ring(ring))).isZero();
        assertThat(wire.ack(12, u64(ring), event)).isZero();
        assertThat(wire.ack(18, state(ring, 1))).isZero();
    }

    @Override
    public void close() {
        wire.close();
        guest.close();
        event.close();
    }
}
