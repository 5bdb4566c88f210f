package io.busbar.backends.loopback;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.SharableBackend;
import io.busbar.api.backend.WaitingFrame;
import java.util.Arrays;

/**
 * A network of one: for tests, and to see what a device does without a world around it. Checksums and segments that a driver
 * leaves to the network stay left, as nobody else reads the frames.
 */
@BackendType(type = BackendType.NET, name = "loopback", settings = "[buffer SIZE]")
public final class LoopbackBackend implements NetBackend, SharableBackend {

    /** Room for the frames of one pair that are on their way, bytes. */
    private static final long DEFAULT_BUFFER = 1 << 20;

    private static final long MIN_BUFFER = 1 << 18;
    private static final long MAX_BUFFER = 1 << 30;
    private static final String BUFFER = "buffer";

    private final NetInfo info;
    private final FrameRing[] rings;

    /**
     * Opens the backend.
     *
     * @param context its surroundings; setting {@code buffer}: bytes for the frames of a pair that are on their way, 256K to 1G,
     *                rounded up to a power of two, default 1M
     * @throws BackendException for another size
     */
    public LoopbackBackend(BackendContext context) throws BackendException {
        long bytes = context.settings().size(BUFFER).orElse(DEFAULT_BUFFER);
        if (bytes < MIN_BUFFER || bytes > MAX_BUFFER) {
            throw new BackendException(BackendException.Kind.CONFIG_INVALID,
                    BUFFER + " of " + bytes + " bytes: expected 256K to 1G");
        }
        int pairs = context.channels().size();
        info = new NetInfo(NetInfo.MAX_MTU, Math.max(1, pairs), true, true, true);
        rings = new FrameRing[pairs];
        Arrays.setAll(rings, pair -> new FrameRing(
                bytes, () -> context.readable(pair), () -> context.writable(pair)));
    }

    @Override
    public NetInfo info() {
        return info;
    }

    /** What one driver has sent is not for the next. */
    @Override
    public void usePairs(int pairs) {
        if (pairs == 0) {
            for (FrameRing ring : rings) {
                ring.clear();
            }
        }
    }

    @Override
    public boolean transmit(int pair, NetFrame frame) {
        return rings[pair].put(frame);
    }

    @Override
    public void transmitted(int pair) {
        rings[pair].putDone();
    }

    @Override
    public WaitingFrame peek(int pair) {
        return rings[pair].peek();
    }

    @Override
    public void taken(int pair) {
        rings[pair].taken();
    }

    @Override
    public void received(int pair) {
        rings[pair].takenDone();
    }

    @Override
    public void close() {
        // Its memory goes with it.
    }
}
