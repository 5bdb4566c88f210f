package io.busbar.busdrivers.vhostuser;

import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.config;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.inflight;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.none;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.state;
import static io.busbar.testkit.vhostuser.ScriptedFrontEnd.u64;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A front-end that leaves anywhere leaves nothing behind. */
class DisconnectTest {

    private static final Set<Integer> ANSWERED = Set.of(1, 11, 15, 24);

    private record Step(byte[] bytes, Fd[] descriptors) {}

    private static Step step(int id, byte[] payload, Fd... descriptors) {
        return new Step(ScriptedFrontEnd.message(id, ScriptedFrontEnd.PLAIN, payload), descriptors);
    }

    /** A whole life: agreed on, memory, two rings up, one down. */
    private static List<Step> life(ScriptedGuest guest, Fd event, Fd channel, Fd record) {
        return List.of(
                step(3, none()), step(1, none()), step(15, none()), step(16, u64(0x1b229)), step(21, none(), channel),
                step(2, u64(Driver.FEATURES)), step(24, config(0, 60, 0, new byte[60])),
                step(32, inflight(FakeDevice.Able.AREA, 0, 1, 128), record), step(5, guest.table(), guest.file()),
                step(13, u64(0), event), step(14, u64(0), event), step(8, state(0, 256)), step(10, state(0, 0)),
                step(9, guest.ring(0)), step(12, u64(0), event), step(18, state(0, 1)),
                step(8, state(1, 128)), step(9, guest.ring(1)), step(12, u64(1), event), step(18, state(1, 1)),
                step(1, none()),
                step(38, guest.region()), step(37, guest.region(), guest.file()), step(11, state(0, 0)));
    }

    @Test
    void atEveryByteOfALife() throws Exception {
        FakeDevice.Able device = new FakeDevice.Able();
        List<UnixStream> channel = UnixStream.pair();
        try (Rig rig = new Rig(device); ScriptedGuest guest = ScriptedGuest.qemu(); Fd event = EventFd.create();
                Fd record = MemFd.create("record", FakeDevice.Able.AREA, true)) {
            List<Step> life = life(guest, event, channel.get(0).fd(), record);
            int length = life.stream().mapToInt(step -> step.bytes().length).sum();
            leaveAfter(rig, life, length);
            assertThat(device.takeLog()).contains("ready 0 true", "ready 1 true", "ready 0 false", "inflight 1 128");
            OpenDescriptors before = OpenDescriptors.now();
            for (int cut = 0; cut <= length; cut++) {
                leaveAfter(rig, life, cut);
                assertThat(device.ready).as("cut at %d", cut).containsExactly(false, false);
                assertThat(device.kickDescriptor).as("cut at %d", cut).containsExactly(-1, -1);
                assertThat(device.memory.regions()).as("cut at %d", cut).isEmpty();
                Rig.awaitMappings(0);
                before.awaitNoMore("cut at " + cut);
                device.takeLog();
            }
        } finally {
            channel.forEach(UnixStream::close);
        }
    }

    private static void leaveAfter(Rig rig, List<Step> life, int bytes) throws Exception {
        int resets = rig.device.resets.get();
        try (ScriptedFrontEnd frontEnd = rig.connect()) {
            int left = bytes;
            for (Step step : life) {
                int part = Math.min(left, step.bytes().length);
                if (part > 0) {
                    frontEnd.sendRaw(Arrays.copyOf(step.bytes(), part), step.descriptors());
                }
                if (part == step.bytes().length && ANSWERED.contains((int) step.bytes()[0])) {
                    frontEnd.receive();
                }
                left -= part;
            }
        }
        Rig.await("one reset for its coming and one for its going", () -> rig.device.resets.get() == resets + 2);
        rig.awaitFree();
    }
}
