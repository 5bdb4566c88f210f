package io.busbar.busdrivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixStream;
import io.busbar.testkit.machine.OpenDescriptors;
import io.busbar.testkit.vhostuser.RandomMessages;
import io.busbar.testkit.vhostuser.ScriptedFrontEnd;
import io.busbar.testkit.vhostuser.ScriptedGuest;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Messages made up by chance: whatever comes, nothing is left behind and the device serves the next front-end. Each
 * failure can be run again by its seed.
 */
class MessageFuzzTest {

    private static final int CONNECTIONS = 400;
    private static final int MESSAGES = 25;
    private static final long SEED = 20_261_120;

    @Test
    void messagesMadeUpByChanceLeaveNothingBehind() throws Exception {
        FakeDevice.Able device = new FakeDevice.Able();
        List<UnixStream> pair = UnixStream.pair();
        int lived = 0;
        try (Rig rig = new Rig(device); ScriptedGuest guest = ScriptedGuest.qemu(); Fd event = EventFd.create();
                Epoll epoll = Epoll.create(); Fd record = MemFd.create("record", 65536, true)) {
            List<Fd> kinds = List.of(event, pair.get(0).fd(), epoll.fd(), record);
            connection(rig, new RandomMessages(guest, kinds, SEED));
            OpenDescriptors before = OpenDescriptors.now();
            for (int i = 1; i <= CONNECTIONS; i++) {
                long seed = SEED + i;
                lived += connection(rig, new RandomMessages(guest, kinds, seed)) ? 1 : 0;
                before.awaitNoMore("seed " + seed);
                Rig.awaitMappings(0);
                assertThat(device.ready).as("seed %d", seed).containsExactly(false, false);
            }
            assertThat(lived).as("connections that lived to their end").isGreaterThan(CONNECTIONS / 5);
            Driver.running(rig, ScriptedGuest.qemu()).close();
        } finally {
            pair.forEach(UnixStream::close);
        }
    }

    private static boolean connection(Rig rig, RandomMessages messages) throws Exception {
        int resets = rig.device.resets.get();
        boolean lived;
        try (ScriptedFrontEnd wire = rig.connect()) {
            lived = messages.send(wire, MESSAGES);
        }
        Rig.await("one reset for its coming and one for its going", () -> rig.device.resets.get() >= resets + 2);
        rig.awaitFree();
        return lived;
    }
}
