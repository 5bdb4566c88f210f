package io.busbar.devices.net;

import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_S_ANNOUNCE;
import static io.busbar.core.virtio.net.VirtioNet.VIRTIO_NET_S_LINK_UP;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.PolledBackend;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.ChainSource;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.ModelState;
import io.busbar.api.device.PullingDeviceModel;
import io.busbar.api.device.StatefulDeviceModel;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.net.NetConfigLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.devices.net.NetCounters.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * A virtio net device (virtio 1.2, 5.1). All of its queues are pulled: a frame from the driver stays in its queue until the
 * network takes it, one for the driver at the backend until the driver has buffers.
 *
 * <p>Threads: what the driver has settled is one immutable object, which each call of {@link #service} reads once; it is
 * replaced under a lock, by the control queue's thread and by control threads. The lock is never taken for a frame.
 */
final class NetModel implements PullingDeviceModel, StatefulDeviceModel, LinkControl {

    private final DeviceModelContext context;
    private final NetOptions options;
    private final NetCounters[] counters;
    private final ControlQueue control;
    private final boolean[] ready;

    /** Fixed at the first attach; written by the control thread before any queue is served. */
    private volatile NetOffer offer;

    /** The backend with the queues that belong to it, or null. */
    private volatile Attachment attachment;

    /** For a backend that was found fit to take the place of the one that is attached; null if there is none. */
    private Attachment prepared;

    private volatile DriverState state;
    private volatile boolean cablePlugged = true;

    /** A backend, its queues, and how many pairs it was told of. Queues are made anew for each backend. */
    private static final class Attachment {
        private final NetBackend backend;
        private final ReceiveQueue[] receive;
        private final TransmitQueue[] transmit;
        private int pairsTold;

        Attachment(NetBackend backend, NetOffer offer, NetCounters[] counters) {
            this.backend = backend;
            receive = new ReceiveQueue[offer.pairs()];
            transmit = new TransmitQueue[offer.pairs()];
            Arrays.setAll(receive, pair -> new ReceiveQueue(pair, offer, counters[VirtioNet.receiveQueue(pair)]));
            Arrays.setAll(transmit, pair -> new TransmitQueue(pair, offer, counters[VirtioNet.transmitQueue(pair)]));
        }
    }

    NetModel(DeviceModelContext context, NetOptions options) {
        this.context = context;
        this.options = options;
        this.state = DriverState.of(0, options.mac());
        this.counters = new NetCounters[vqCount()];
        Arrays.setAll(counters, queue -> new NetCounters());
        this.ready = new boolean[vqCount()];
        this.control = new ControlQueue(options.pairs(), this::change, counters[2 * options.pairs()]);
    }

    // Life

    @Override
    public synchronized void attach(Object candidate) throws VdpaException {
        NetBackend backend = network(candidate);
        NetInfo info = backend.info();
        boolean first = offer == null;
        if (first) {
            offer = NetOffer.of(options, info);
        } else {
            offer.requireKeptBy(info);
        }
        attachment = prepared != null && prepared.backend == backend ? prepared : new Attachment(backend, offer, counters);
        prepared = null;
        tellPairs();
        if (!cablePlugged) {
            backend.plugged(false);
        }
        if (!first) {
            askForAnnouncement();
        }
    }

    private static NetBackend network(Object candidate) throws VdpaException {
        if (candidate instanceof NetBackend backend) {
            return backend;
        }
        throw new VdpaException(VdpaError.EINVAL,
                "backend " + candidate.getClass().getName() + ": expected one for net devices");
    }

    @Override
    public synchronized void checkSuccessor(Object candidate) throws VdpaException {
        NetBackend backend = network(candidate);
        offer.requireKeptBy(backend.info());
        if (prepared == null || prepared.backend != backend) {
            prepared = new Attachment(backend, offer, counters);
        }
    }

    /** Another network may not know where the driver is. */
    private void askForAnnouncement() {
        if (state.accepted(VIRTIO_NET_F_GUEST_ANNOUNCE)) {
            state = state.withAnnounce(true);
            context.configChanged();
        }
    }

    @Override
    public synchronized void detach() {
        attachment = null;
        prepared = null;
    }

    @Override
    public void close() {
        attachment = null;
    }

    // What the driver sees

    @Override
    public long deviceFeatures() {
        NetOffer promised = offer;
        return promised == null ? 0 : promised.features();
    }

    @Override
    public int vqCount() {
        return 2 * options.pairs() + 1;
    }

    @Override
    public synchronized void setDriverFeatures(long features) {
        state = DriverState.of(features, options.mac());
        tellPairs();
    }

    /** What the driver has settled by commands. */
    @Override
    public synchronized ModelState saveState() {
        return StateRecord.of(state);
    }

    @Override
    public synchronized void restoreState(ModelState saved) throws VdpaException {
        state = StateRecord.read(saved, state.features(), options.pairs());
        tellPairs();
    }

    @Override
    public int configSize() {
        return NetConfigLayout.BYTES;
    }

    @Override
    public void readConfig(int offset, byte[] target) {
        Arrays.fill(target, (byte) 0);
        NetOffer promised = offer;
        if (promised == null || offset < 0 || offset >= NetConfigLayout.BYTES) {
            return;
        }
        DriverState now = state;
        int status = (isLinkUp() ? VIRTIO_NET_S_LINK_UP : 0) | (now.announce() ? VIRTIO_NET_S_ANNOUNCE : 0);
        byte[] config = promised.config(now.mac(), status);
        System.arraycopy(config, offset, target, 0, Math.min(target.length, config.length - offset));
    }

    @Override
    public void writeConfig(int offset, byte[] source) throws VdpaException {
        throw new VdpaException(VdpaError.EINVAL, "config write of " + source.length + " bytes at " + offset
                + ": nothing of a net device's configuration can be written, the MAC address is set by a command");
    }

    // Queues

    @Override
    public boolean pulls(int queue) {
        return true;
    }

    /**
     * A pair is a group: a backend that sends back finds the receive queue on the thread that it is called by. The control queue
     * is with the first one, so that a card with one pair has one thread, which stops for nobody else.
     */
    @Override
    public int queueGroup(int queue) {
        int pair = queue / 2;
        return pair == options.pairs() ? 0 : pair;
    }

    @Override
    public boolean receives(int queue) {
        return queue % 2 == 0;
    }

    @Override
    public void process(int queue, ChainBatch batch) {
        throw new IllegalStateException("queue " + queue + ": all queues of a net device are pulled");
    }

    @Override
    public synchronized void ready(int queue, boolean isReady) {
        ready[queue] = isReady;
        tellPairs();
    }

    @Override
    public void service(int queue, ChainSource source) {
        Attachment now = attachment;
        DriverState settled = state;
        int pair = queue / 2;
        if (queue == settled.controlQueue(options.pairs())) {
            control.serve(source, settled);
        } else if (pair == options.pairs()) {
            return; // The control queue of a driver that has not accepted one.
        } else {
            boolean more = receives(queue)
                    ? now.receive[pair].serve(source, now.backend, settled, isLinkUp(now))
                    : now.transmit[pair].serve(source, now.backend, settled, isLinkUp(now));
            if (more) {
                context.wake(queue);
            }
        }
    }

    @Override
    public int wakeDescriptor(int queue) {
        Attachment now = attachment;
        int pair = queue / 2;
        if (now == null || !(now.backend instanceof PolledBackend polled)
                || queue == state.controlQueue(options.pairs()) || pair == options.pairs()) {
            return -1;
        }
        return receives(queue) ? polled.readableDescriptor(pair) : polled.writableDescriptor(pair);
    }

    @Override
    public List<String> channels() {
        return IntStream.range(0, options.pairs()).mapToObj(pair -> "pair" + pair).toList();
    }

    @Override
    public void readable(int channel) {
        context.wake(VirtioNet.receiveQueue(channel));
    }

    @Override
    public void writable(int channel) {
        context.wake(VirtioNet.transmitQueue(channel));
    }

    @Override
    public Map<String, Long> statistics(int queue) {
        int controlQueue = state.controlQueue(options.pairs());
        if (queue == controlQueue || controlQueue < 0 && queue == 2 * options.pairs()) {
            return counters[2 * options.pairs()].snapshot(Kind.CONTROL);
        }
        return counters[queue].snapshot(receives(queue) ? Kind.RECEIVE : Kind.TRANSMIT);
    }

    // The link

    @Override
    public synchronized void setLink(boolean up) {
        cablePlugged = up;
        Attachment now = attachment;
        if (now != null) {
            now.backend.plugged(up);
        }
        wakeAll();
        context.configChanged();
    }

    @Override
    public void infoChanged() {
        wakeAll();
    }

    /** What waits for room, or for buffers, is dropped when the link goes. */
    private void wakeAll() {
        for (int queue = 0; queue < vqCount(); queue++) {
            context.wake(queue);
        }
    }

    private boolean isLinkUp() {
        Attachment now = attachment;
        return now != null && isLinkUp(now);
    }

    private boolean isLinkUp(Attachment now) {
        return cablePlugged && now.backend.info().linkUp();
    }

    // What the driver settles

    private synchronized void change(UnaryOperator<DriverState> change) {
        state = change.apply(state);
        tellPairs();
    }

    /**
     * Tells the backend how many pairs the driver uses, if that has changed. A driver with a control queue says it by a
     * command; one without, which has its front-end serve that queue, by the queues that are ready.
     */
    private void tellPairs() {
        Attachment now = attachment;
        int pairs = usedPairs();
        if (now != null && now.pairsTold != pairs) {
            now.pairsTold = pairs;
            now.backend.usePairs(pairs);
        }
    }

    private int usedPairs() {
        if (!state.isSettled()) {
            return 0;
        }
        return state.hasControlQueue() ? state.pairs() : readyPairs();
    }

    private int readyPairs() {
        int pairs = 1;
        while (pairs < options.pairs() && ready[VirtioNet.receiveQueue(pairs)]) {
            pairs++;
        }
        return pairs;
    }
}
