package io.busbar.testkit.vhostuser;

import io.busbar.core.linux.Fd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Messages of a front-end made up by chance, near what is right and far from it, with 0 to 20 descriptors. The same seed
 * gives the same messages. None asks for GET_FEATURES, which {@link ScriptedFrontEnd#flush()} waits with.
 */
public final class RandomMessages {

    /** Protocol features that a back-end of ours offers. */
    private static final long PROTOCOL_FEATURES = 0x1b229;
    private static final long FEATURES = 0x1_4000_1244L;
    private static final int GET_FEATURES = 1;
    private static final int SET_FEATURES = 2;
    private static final int SET_PROTOCOL_FEATURES = 16;
    private static final int KNOWN_IDS = 46;
    private static final int MOST_DESCRIPTORS = 20;

    private static final long[] INTERESTING = {
        0, 1, 2, 8, 9, 0x100, 0x101, 0xff, 0x1ff, 0x200, 255, 256, 257, 32768, 65535, 65536, 4096, 0x4000_0000L,
        Integer.MAX_VALUE, 0xffff_ffffL, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1, FEATURES, PROTOCOL_FEATURES
    };

    private final ScriptedGuest guest;
    private final List<Fd> kinds;
    private final Random random;

    /**
     * Makes a source of messages.
     *
     * @param guest whose memory plausible messages tell of
     * @param kinds descriptors to send, besides the guest's memory
     * @param seed  of the chance
     */
    public RandomMessages(ScriptedGuest guest, List<Fd> kinds, long seed) {
        this.guest = guest;
        this.kinds = kinds;
        this.random = new Random(seed);
    }

    /**
     * Sends messages, the last one cut off or with another size than it has.
     *
     * @param wire  a fresh connection
     * @param count how many messages
     * @return whether the connection lived until the last one
     */
    public boolean send(ScriptedFrontEnd wire, int count) {
        boolean open = random.nextInt(4) == 0 || agree(wire);
        for (int i = 0; i < count && open; i++) {
            open = send(wire, message());
        }
        boolean lived = open && wire.flush();
        if (lived) {
            send(wire, broken(message()));
        }
        return lived;
    }

    private boolean agree(ScriptedFrontEnd wire) {
        byte[] protocol = ScriptedFrontEnd.message(
                SET_PROTOCOL_FEATURES, ScriptedFrontEnd.PLAIN, ScriptedFrontEnd.u64(PROTOCOL_FEATURES));
        byte[] features =
                ScriptedFrontEnd.message(SET_FEATURES, ScriptedFrontEnd.PLAIN, ScriptedFrontEnd.u64(FEATURES));
        return wire.trySendRaw(protocol) == protocol.length && wire.trySendRaw(features) == features.length;
    }

    private boolean send(ScriptedFrontEnd wire, byte[] bytes) {
        return wire.trySendRaw(bytes, descriptors()) == bytes.length;
    }

    private byte[] message() {
        int id = random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(KNOWN_IDS);
        id = id == GET_FEATURES ? SET_FEATURES : id;
        int flags = random.nextInt(500) == 0
                ? random.nextInt(32)
                : random.nextInt(4) == 0 ? ScriptedFrontEnd.PLAIN : ScriptedFrontEnd.NEED_REPLY;
        return ScriptedFrontEnd.message(id, flags, random.nextInt(3) == 0 ? chance() : plausible(id));
    }

    private byte[] broken(byte[] message) {
        if (random.nextBoolean()) {
            return Arrays.copyOf(message, 1 + random.nextInt(message.length));
        }
        ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()).putInt(8, (int) pick());
        return message;
    }

    private byte[] plausible(int id) {
        int ring = random.nextInt(8) == 0 ? (int) pick() : random.nextInt(2);
        return switch (id) {
            case 5 -> guest.table(random.nextInt(8) == 0 ? (int) pick() : 1, 72);
            case 8 -> ScriptedFrontEnd.state(ring, 1 << random.nextInt(10));
            case 9 -> ring == 0 || ring == 1 ? guest.ring(ring) : chance();
            case 10, 11 -> ScriptedFrontEnd.state(ring, random.nextInt(70_000));
            case 12, 13, 14 -> ScriptedFrontEnd.u64(ring | (random.nextInt(4) == 0 ? 0x100 : 0));
            case 18 -> ScriptedFrontEnd.state(ring, random.nextInt(3));
            case 24, 25 ->
                ScriptedFrontEnd.config(random.nextInt(70), random.nextInt(260), random.nextInt(3), new byte[64]);
            case 31, 32 ->
                ScriptedFrontEnd.inflight(random.nextInt(70_000), 0, random.nextInt(4), 1 << random.nextInt(10));
            case 37, 38 -> guest.region();
            default -> ScriptedFrontEnd.u64(pick());
        };
    }

    private byte[] chance() {
        int length = 8 * random.nextInt(12) + random.nextInt(8);
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
        while (bytes.remaining() >= Long.BYTES) {
            bytes.putLong(pick());
        }
        return bytes.array();
    }

    private long pick() {
        return random.nextInt(4) == 0 ? random.nextLong() : INTERESTING[random.nextInt(INTERESTING.length)];
    }

    private Fd[] descriptors() {
        int count = switch (random.nextInt(8)) {
            case 0, 1, 2 -> 0;
            case 3 -> random.nextInt(MOST_DESCRIPTORS + 1);
            default -> 1;
        };
        Fd[] chosen = new Fd[count];
        for (int i = 0; i < count; i++) {
            int kind = random.nextInt(kinds.size() + 1);
            chosen[i] = kind == 0 ? guest.file() : kinds.get(kind - 1);
        }
        return chosen;
    }
}
