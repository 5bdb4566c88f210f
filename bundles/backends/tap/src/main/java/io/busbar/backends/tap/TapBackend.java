package io.busbar.backends.tap;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.HandoverBackend;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.PolledBackend;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Tap;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tap interface of the host. Its link is up while the interface is; its MTU is the interface's, to which the device's word
 * {@code mtu} is set; a cable that is pulled out of the device is the interface's carrier.
 */
@BackendType(
        type = BackendType.NET,
        name = "tap",
        settings = "[ifname NAME] [up on|off] [address ADDRESS/PREFIX] [netns NAME]")
public final class TapBackend implements NetBackend, PolledBackend, HandoverBackend {

    private static final Logger LOG = LoggerFactory.getLogger(TapBackend.class);

    /** Of what is handed over: a descriptor for each queue pair, and nothing else. */
    private static final int STATE_VERSION = 1;

    private final BackendContext context;
    private final Arena arena = Arena.ofShared();
    private final TapInterface tap;
    private final TapQueue[] pairs;
    private final LinkWatch watch;
    private final NetInfo up;
    private final NetInfo down;
    private volatile LinkWatch.State state;
    private int used;
    /** Whether the cable is to be in, once somebody has said so. */
    private Optional<Boolean> cable = Optional.empty();
    /** No other process has the interface: how many of its queues are used is this one's to say. */
    private volatile boolean alone;

    /**
     * Opens an interface, or makes it, or takes over that of another process.
     *
     * @param context the surroundings
     * @throws BackendException if a word is wrong, the interface cannot be used, or what was handed over is not known; names it
     */
    public TapBackend(BackendContext context) throws BackendException {
        this.context = context;
        alone = context.predecessor().isEmpty();
        TapSettings settings = TapSettings.of(context);
        tap = alone ? TapInterface.open(settings) : TapInterface.adopt(settings, queues(settings, context.predecessor().get()));
        List<Tap> queues = tap.queues();
        pairs = IntStream.range(0, queues.size())
                .mapToObj(pair -> new TapQueue(queues.get(pair), arena, () -> context.readable(pair)))
                .toArray(TapQueue[]::new);
        int mtu = Math.clamp(tap.link().mtu(), NetInfo.MIN_MTU, NetInfo.MAX_MTU);
        up = new NetInfo(mtu, mtu, pairs.length, true, true, true);
        down = new NetInfo(mtu, mtu, pairs.length, true, true, false);
        state = LinkWatch.stateOf(tap.link());
        used = pairs.length;
        usePairs(1);
        watch = watch();
    }

    private static List<Tap> queues(TapSettings settings, BackendState state) throws BackendException {
        state.require(STATE_VERSION, 0, settings.pairs());
        return state.descriptors().stream().map(number -> Tap.adopt(settings.name(), Fd.own(number))).toList();
    }

    private LinkWatch watch() throws BackendException {
        try {
            return LinkWatch.start(context.deviceName(), tap, this::changed);
        } catch (LinuxException e) {
            tap.close();
            arena.close();
            throw new BackendException(Kind.FAILED, "ifname " + tap.link().name() + ": " + e.getMessage(), e);
        }
    }

    private void changed(LinkWatch.State now) {
        state = now;
        context.infoChanged();
        if (now == LinkWatch.State.DELETED) {
            context.failed(linkDownReason());
        }
    }

    @Override
    public NetInfo info() {
        return state == LinkWatch.State.UP ? up : down;
    }

    @Override
    public String linkDownReason() {
        String name = tap.link().name();
        return state == LinkWatch.State.DELETED
                ? name + " was deleted: delete the device and add it again"
                : name + " is down: ip link set " + name + " up";
    }

    @Override
    public synchronized void plugged(boolean in) {
        cable = Optional.of(in);
        if (alone) {
            plug(in);
        }
    }

    private void plug(boolean in) {
        try {
            tap.queues().getFirst().setCarrier(in);
        } catch (LinuxException e) {
            LOG.debug("{}: the host is not shown that the cable is {}: {}", context.deviceName(), in ? "in" : "out", e.getMessage());
        }
    }

    @Override
    public synchronized void usePairs(int count) {
        for (int pair = 1; pair < pairs.length && alone; pair++) {
            if (pair < count != pair < used) {
                attach(pair, pair < count);
            }
        }
        used = count;
    }

    @Override
    public BackendState handOver() {
        return new BackendState(STATE_VERSION, new byte[0], tap.queues().stream().map(queue -> queue.fd().number()).toList());
    }

    @Override
    public synchronized void goOn() {
        if (alone) {
            return;
        }
        alone = true;
        cable.ifPresent(this::plug);
        for (int pair = 1; pair < pairs.length; pair++) {
            if (isAttached(pair) != pair < used) {
                attach(pair, pair < used);
            }
        }
    }

    private boolean isAttached(int pair) {
        try {
            return tap.queues().get(pair).isAttached();
        } catch (LinuxException e) {
            return false; // It was deleted, which the watch tells.
        }
    }

    private void attach(int pair, boolean attached) {
        try {
            tap.queues().get(pair).setAttached(attached);
        } catch (LinuxException e) {
            LOG.warn("{}: queue pair {}: {}", context.deviceName(), pair, e.getMessage());
        }
    }

    @Override
    public boolean transmit(int pair, NetFrame frame) {
        pairs[pair].transmit(frame);
        return true;
    }

    @Override
    public WaitingFrame peek(int pair) {
        // Frames are the one's who still serves, in the process before this one.
        return alone ? pairs[pair].peek() : null;
    }

    @Override
    public void taken(int pair) {
        pairs[pair].taken();
    }

    @Override
    public int readableDescriptor(int pair) {
        return pairs[pair].descriptor();
    }

    /** There is always room. */
    @Override
    public int writableDescriptor(int pair) {
        return -1;
    }

    @Override
    public void close() {
        watch.close();
        tap.close();
        arena.close();
    }
}
