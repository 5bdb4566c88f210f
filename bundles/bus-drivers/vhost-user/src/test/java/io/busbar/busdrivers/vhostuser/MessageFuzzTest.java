package io.busbar.busdrivers.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Messages made up by chance, near what is right and far from it, with 0 to 20 descriptors of all kinds: whatever comes,
 * nothing is left behind and the device serves the next front-end. Each failure can be run again by its seed.
 */
class MessageFuzzTest {

    private static final int CONNECTIONS = 400;
    private static final int MESSAGES = 25;
    private static final long SEED = 20_261_120;
    private int handled;

    private final long[] interesting = {
        0, 1, 2, 8, 9, 0x100, 0x101, 0xff, 0x1ff, 0x200, 255, 256, 257, 32768, 65535, 65536, 4096, 0x4000_0000L,
        Integer.MAX_VALUE, 0xffff_ffffL, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1, Driver.FEATURES, 0x1b229
    };

    @Test
    void messagesMadeUpByChanceLeaveNothingBehind() throws Exception {
        FakeDevice.Able device = new FakeDevice.Able();
        List<UnixStream> pair = UnixStream.pair();
        try (Rig rig = new Rig(device); Guest guest = Guest.qemu(); Fd event = EventFd.create();
                Epoll epoll = Epoll.create(); Fd record = MemFd.create("record", 65536, true)) {
            Fd[] kinds = {guest.file(), event, pair.get(0).fd(), epoll.fd(), record};
            connection(rig, guest, kinds, new Random(SEED));
            long descriptors = Rig.descriptors();
            for (int i = 1; i <= CONNECTIONS; i++) {
                long seed = SEED + i;
                connection(rig, guest, kinds, new Random(seed));
                assertThat(Rig.descriptors()).as("seed %d", seed).isLessThanOrEqualTo(descriptors);
                assertThat(Rig.mappings()).as("seed %d", seed).isZero();
                assertThat(device.ready).as("seed %d", seed).containsExactly(false, false);
            }
            assertThat(handled).as("messages of connections that lived to their end").isGreaterThan(2_000);
            Driver.running(rig, Guest.qemu()).close();
        } finally {
            pair.forEach(UnixStream::close);
        }
    }

    private void connection(Rig rig, Guest guest, Fd[] kinds, Random random) throws Exception {
        int resets = rig.device.resets.get();
        try (FrontEnd wire = rig.connect()) {
            boolean open = true;
            if (random.nextInt(4) > 0) {
                open = send(wire, FrontEnd.message(16, 1, FrontEnd.u64(0x1b229)));
                open = open && send(wire, FrontEnd.message(2, 1, FrontEnd.u64(Driver.FEATURES)));
            }
            for (int i = 0; i < MESSAGES && open; i++) {
                open = send(wire, message(guest, random), descriptors(kinds, random));
            }
            if (open && wire.flush()) {
                handled += MESSAGES;
                send(wire, broken(message(guest, random), random), descriptors(kinds, random));
            }
        }
        Rig.await("one reset for its coming and one for its going", () -> rig.device.resets.get() >= resets + 2);
        rig.awaitFree();
    }

    /** Cut off, or with another size than it has. */
    private byte[] broken(byte[] message, Random random) {
        if (random.nextBoolean()) {
            return Arrays.copyOf(message, 1 + random.nextInt(message.length));
        }
        ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()).putInt(8, (int) pick(random));
        return message;
    }

    private static boolean send(FrontEnd wire, byte[] bytes, Fd... descriptors) {
        return wire.trySendRaw(bytes, descriptors) == bytes.length;
    }

    private byte[] message(Guest guest, Random random) {
        int id = random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(46);
        id = id == 1 ? 2 : id;
        int flags = random.nextInt(500) == 0 ? random.nextInt(32) : random.nextInt(4) == 0 ? 1 : 9;
        byte[] payload = random.nextInt(3) == 0 ? chance(random) : plausible(id, guest, random);
        return FrontEnd.message(id, flags, payload);
    }

    private byte[] plausible(int id, Guest guest, Random random) {
        int ring = random.nextInt(8) == 0 ? (int) pick(random) : random.nextInt(2);
        return switch (id) {
            case 5 -> guest.table(random.nextInt(8) == 0 ? (int) pick(random) : 1, 72);
            case 8 -> FrontEnd.state(ring, 1 << random.nextInt(10));
            case 9 -> ring == 0 || ring == 1 ? guest.ring(ring) : chance(random);
            case 10, 11 -> FrontEnd.state(ring, random.nextInt(70_000));
            case 12, 13, 14 -> FrontEnd.u64(ring | (random.nextInt(4) == 0 ? 0x100 : 0));
            case 18 -> FrontEnd.state(ring, random.nextInt(3));
            case 24, 25 -> FrontEnd.config(random.nextInt(70), random.nextInt(260), random.nextInt(3), new byte[64]);
            case 31, 32 -> FrontEnd.inflight(random.nextInt(70_000), 0, random.nextInt(4), 1 << random.nextInt(10));
            case 37, 38 -> guest.region();
            default -> FrontEnd.u64(pick(random));
        };
    }

    private byte[] chance(Random random) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * random.nextInt(12) + random.nextInt(8)).order(ByteOrder.nativeOrder());
        while (bytes.remaining() >= 8) {
            bytes.putLong(pick(random));
        }
        return bytes.array();
    }

    private long pick(Random random) {
        return random.nextInt(4) == 0 ? random.nextLong() : interesting[random.nextInt(interesting.length)];
    }

    private static Fd[] descriptors(Fd[] kinds, Random random) {
        int count = switch (random.nextInt(8)) {
            case 0, 1, 2 -> 0;
            case 3 -> random.nextInt(21);
            default -> 1;
        };
        Fd[] chosen = new Fd[count];
        for (int i = 0; i < count; i++) {
            chosen[i] = kinds[random.nextInt(kinds.length)];
        }
        return chosen;
    }
}
