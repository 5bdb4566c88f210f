package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.PLAIN;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.config;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.inflight;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.CallSignal;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What real front-ends send, replayed: every reply, and every op that the device is given. */
class TranscriptTest {

    private static final long FEATURES = 0x1_0000_1244L;
    private static final long BIT_30 = 1L << 30;

    private final FakeDevice.Able device = new FakeDevice.Able();
    private Rig rig;
    private ScriptedFrontEnd frontEnd;
    private Fd event;

    @BeforeEach
    void connect() throws Exception {
        rig = new Rig(device);
        frontEnd = rig.connect();
        event = EventFd.create();
    }

    @AfterEach
    void disconnect() throws Exception {
        frontEnd.close();
        event.close();
        rig.close();
    }

    @Test
    void userModeLinuxBindsItsDriverRunsAndUnbindsIt() throws Exception {
        List<UnixStream> backChannel = UnixStream.pair();
        List<UnixStream> call = UnixStream.pair();
        try (ScriptedGuest guest = ScriptedGuest.uml()) {
            frontEnd.send(3, PLAIN, none());
            assertThat(frontEnd.ask(1, none()).u64()).isEqualTo(FakeDevice.FEATURES | BIT_30);
            assertThat(frontEnd.ask(15, none()).u64() & 0x4228).isEqualTo(0x228);
            assertThat(frontEnd.ack(16, u64(0x228))).isZero();
            assertThat(frontEnd.ack(21, none(), backChannel.get(1).fd())).isZero();
            assertThat(device.takeLog()).containsExactly("reset");

            for (int binding = 0; binding < 2; binding++) {
                assertThat(frontEnd.ack(2, u64(FEATURES | BIT_30))).isZero();
                for (int size : new int[] {16, 36, 24, 8, 1}) {
                    ScriptedFrontEnd.Reply reply = frontEnd.ask(24, config(0, size, 0, new byte[size]));
                    assertThat(reply.payload()).hasSize(12 + size).endsWith(size);
                }
                assertThat(frontEnd.ack(5, guest.table(1, 72), guest.file())).isZero();
                assertThat(frontEnd.ack(13, u64(0), call.get(1).fd())).isZero();
                assertThat(frontEnd.ack(8, state(0, 256))).isZero();
                assertThat(frontEnd.ack(10, state(0, 0))).isZero();
                assertThat(frontEnd.ack(9, guest.ring(0))).isZero();
                assertThat(frontEnd.ack(12, u64(0), event)).isZero();
                assertThat(device.ready[0]).isFalse();
                assertThat(frontEnd.ack(18, state(0, 1))).isZero();
                assertThat(device.ready[0]).isTrue();
                List<String> start = List.of("num 0 256", guest.ringOp(0), "state 0 0", "kickfd 0", "ready 0 true");
                List<String> ops = device.takeLog();
                if (binding == 0) {
                    assertThat(ops).startsWith("status 1", "status 3", "features 0x100001244", "status 11",
                            guest.mapOp()).endsWith("status 15").hasSize(11);
                    assertThat(ops.subList(5, 10)).isEqualTo(start);
                } else {
                    assertThat(ops).startsWith(guest.mapOp()).hasSize(6);
                    assertThat(ops.subList(1, 6)).isEqualTo(start);
                }
                device.availIndex[0] = 77;

                assertThat(frontEnd.ack(18, state(0, 0))).isZero();
                frontEnd.barrier();
                assertThat(device.takeLog()).containsExactly("ready 0 false", "kickfd 0 none");
            }
        } finally {
            backChannel.forEach(UnixStream::close);
            call.forEach(UnixStream::close);
        }
    }

    @Test
    void qemuBlockRunsTheFirmwaresDriverThenLinuxThenStops() throws Exception {
        List<UnixStream> backChannel = UnixStream.pair();
        try (ScriptedGuest guest = ScriptedGuest.qemu()) {
            frontEnd.barrier();
            long offered = frontEnd.ask(15, none()).u64();
            assertThat(offered).isEqualTo(0x1b229);
            frontEnd.send(16, PLAIN, u64(offered));
            assertThat(frontEnd.ask(17, none()).u64()).isEqualTo(2);
            assertThat(frontEnd.ask(36, none()).u64()).isEqualTo(32);
            assertThat(frontEnd.ack(21, none(), backChannel.get(1).fd())).isZero();
            frontEnd.send(3, PLAIN, none());
            frontEnd.barrier();
            for (int ring = 0; ring < 2; ring++) {
                frontEnd.send(13, PLAIN, u64(ring), event);
                frontEnd.send(14, PLAIN, u64(ring), event);
            }
            ScriptedFrontEnd.Reply whole = frontEnd.ask(24, config(0, 57, 0, new byte[57]));
            assertThat(whole.payload()).hasSize(69).endsWith(56, 57);
            assertThat(device.takeLog()).containsExactly("reset");

            ScriptedFrontEnd.Reply record = null;
            long[] drivers = {0x1_0000_0044L, FEATURES};
            for (int driver = 0; driver < 2; driver++) {
                long features = drivers[driver];
                frontEnd.send(2, PLAIN, u64(features | BIT_30));
                assertThat(frontEnd.ask(40, none()).u64()).isZero();
                frontEnd.send(39, PLAIN, u64(0x08));
                if (driver == 0) {
                    record = frontEnd.ask(31, inflight(0, 0, 2, 128));
                    assertThat(record.payload()).hasSize(24);
                    assertThat(record.descriptors()).hasSize(1);
                }
                frontEnd.send(32, PLAIN, record.payload(), record.descriptors().getFirst());
                for (int ring = 0; ring < 2; ring++) {
                    frontEnd.send(13, PLAIN, u64(ring), event);
                }
                frontEnd.send(2, PLAIN, u64(features | BIT_30));
                assertThat(frontEnd.ask(40, none()).u64()).isEqualTo(8);
                if (driver == 0) {
                    assertThat(frontEnd.ack(37, guest.region(), guest.file())).isZero();
                }
                for (int ring = 0; ring < 2; ring++) {
                    frontEnd.send(8, PLAIN, state(ring, 128));
                    frontEnd.send(10, PLAIN, state(ring, 0));
                    frontEnd.send(9, PLAIN, guest.ring(ring));
                    frontEnd.send(12, PLAIN, u64(ring), event);
                }
                for (int ring = 0; ring < 2; ring++) {
                    frontEnd.send(18, PLAIN, state(ring, 1));
                }
                EventFd.signal(event.number());
                assertThat(frontEnd.ask(40, none()).u64()).isEqualTo(8);
                frontEnd.send(39, PLAIN, u64(0x0f));
                assertThat(frontEnd.ask(40, none()).u64()).isEqualTo(0x0f);
                List<String> start = List.of(
                        "num 0 128", guest.ringOp(0), "state 0 0", "kickfd 0", "ready 0 true", "status 15",
                        "num 1 128", guest.ringOp(1), "state 1 0", "kickfd 1", "ready 1 true");
                List<String> settle = List.of(
                        "status 1", "status 3", "features 0x" + Long.toHexString(features), "status 11");
                List<String> ops = device.takeLog();
                if (driver == 0) {
                    assertThat(ops.subList(0, 4)).isEqualTo(settle);
                    assertThat(ops.subList(4, 7))
                            .containsExactly("inflight create 2 128", "inflight 2 128", guest.mapOp());
                    assertThat(ops.subList(7, ops.size())).isEqualTo(start);
                } else {
                    assertThat(ops.subList(0, 4)).isEqualTo(settle);
                    assertThat(ops.get(4)).isEqualTo("inflight 2 128");
                    assertThat(ops.subList(5, ops.size())).isEqualTo(start);
                }

                device.availIndex[0] = 5;
                device.availIndex[1] = 65535;
                frontEnd.send(39, PLAIN, u64(0));
                for (int ring = 0; ring < 2; ring++) {
                    frontEnd.send(18, PLAIN, state(ring, 0));
                }
                assertThat(frontEnd.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 5));
                assertThat(frontEnd.ask(11, state(1, 0)).payload()).isEqualTo(state(1, 65535));
                assertThat(frontEnd.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 5));
                assertThat(device.takeLog()).containsExactly(
                        "ready 0 false", "kickfd 0 none", "ready 1 false", "kickfd 1 none", "reset");
            }
            record.descriptors().forEach(Fd::close);
        } finally {
            backChannel.forEach(UnixStream::close);
        }
    }

    @Test
    void qemuNetEnablesRingsBeforeEverythingAndSetsCallsLast() throws Exception {
        try (ScriptedGuest guest = ScriptedGuest.qemu()) {
            frontEnd.barrier();
            long offered = frontEnd.ask(15, none()).u64();
            frontEnd.send(16, PLAIN, u64(offered & 0x1fdff));
            frontEnd.send(3, PLAIN, none());
            for (int times = 0; times < 3; times++) {
                for (int ring = 0; ring < 2; ring++) {
                    frontEnd.send(18, PLAIN, state(ring, 1));
                }
            }
            frontEnd.send(2, PLAIN, u64(FEATURES | BIT_30));
            frontEnd.ask(40, none());
            frontEnd.send(39, PLAIN, u64(8));
            assertThat(frontEnd.ack(5, guest.table(), guest.file())).isZero();
            for (int ring = 0; ring < 2; ring++) {
                frontEnd.send(8, PLAIN, state(ring, 256));
                frontEnd.send(10, PLAIN, state(ring, 9));
                frontEnd.send(9, PLAIN, guest.ring(ring));
                frontEnd.send(12, PLAIN, u64(ring), event);
                frontEnd.barrier();
                assertThat(device.ready[ring]).isTrue();
                try (Fd call = EventFd.create()) {
                    frontEnd.send(13, PLAIN, u64(ring), call);
                    frontEnd.barrier();
                    assertThat(EventFd.drain(call.number())).as("signalled when it is set").isEqualTo(1);
                    device.callback[ring].called();
                    assertThat(EventFd.drain(call.number())).isEqualTo(1);
                }
            }
            assertThat(device.takeLog()).contains("state 0 9", "state 1 9");
        }
    }

    @Test
    void dpdkStartsPairsLaterAndLeavesWithoutAReset() throws Exception {
        try (ScriptedGuest guest = ScriptedGuest.dpdk()) {
            frontEnd.send(3, PLAIN, none());
            frontEnd.barrier();
            frontEnd.ask(15, none());
            frontEnd.send(16, PLAIN, u64(0x10009));
            for (int ring = 0; ring < 2; ring++) {
                frontEnd.send(13, PLAIN, u64(ring), event);
            }
            frontEnd.send(2, PLAIN, u64(FEATURES | BIT_30));
            assertThat(frontEnd.ack(39, u64(0x0b))).isZero();
            assertThat(frontEnd.ask(40, none()).u64()).isEqualTo(0x0b);
            assertThat(frontEnd.ack(5, guest.table(), guest.file())).isZero();
            for (int ring = 0; ring < 2; ring++) {
                frontEnd.send(8, PLAIN, state(ring, 256));
                frontEnd.send(10, PLAIN, state(ring, 0));
                frontEnd.send(9, PLAIN, guest.ring(ring));
                frontEnd.send(12, PLAIN, u64(ring), event);
            }
            frontEnd.send(18, PLAIN, state(0, 1));
            assertThat(frontEnd.ack(39, u64(0x0f))).isZero();
            assertThat(device.ready).containsExactly(true, false);
            frontEnd.send(18, PLAIN, state(1, 1));
            frontEnd.barrier();
            assertThat(device.ready).containsExactly(true, true);

            device.availIndex[0] = 32;
            frontEnd.send(18, PLAIN, state(0, 0));
            frontEnd.send(18, PLAIN, state(1, 0));
            assertThat(frontEnd.ask(11, state(0, 0)).payload()).isEqualTo(state(0, 32));
            assertThat(frontEnd.ask(11, state(1, 0)).payload()).isEqualTo(state(1, 0));
            device.takeLog();
            frontEnd.close();
            rig.awaitFree();
            assertThat(device.takeLog()).containsExactly("reset", "map");
        }
    }

    @Test
    void aCallThatIsAStreamGetsEightBytesPerSignal() throws Exception {
        List<UnixStream> call = UnixStream.pair();
        try (ScriptedGuest guest = ScriptedGuest.uml(); CallSignal reader = CallSignal.of(call.get(0).fd())) {
            frontEnd.send(2, PLAIN, u64(FEATURES));
            frontEnd.send(13, PLAIN, u64(0), call.get(1).fd());
            frontEnd.send(5, PLAIN, guest.table(), guest.file());
            frontEnd.send(8, PLAIN, state(0, 256));
            frontEnd.send(9, PLAIN, guest.ring(0));
            frontEnd.send(12, PLAIN, u64(0), event);
            frontEnd.barrier();
            device.callback[0].called();
            assertThat(EventFd.drain(reader.fd().number())).isEqualTo(1);
            assertThat(EventFd.drain(reader.fd().number())).isEqualTo(1);
            assertThat(EventFd.drain(reader.fd().number())).isNegative();
        } finally {
            call.forEach(UnixStream::close);
        }
    }
}
