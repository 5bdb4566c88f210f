package io.busbar.busdrivers.virtio.net;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.FrameListener;
import io.busbar.api.driver.NetCounters;
import io.busbar.api.driver.NetDriver;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.life.DeviceConfig;
import io.busbar.busdrivers.virtio.life.DeviceType;
import io.busbar.busdrivers.virtio.life.Lane;
import io.busbar.busdrivers.virtio.life.LiveDevice;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.busdrivers.virtio.life.Plan;
import io.busbar.busdrivers.virtio.life.TransmitBuffers;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.core.virtio.ring.DriverRing;
import io.busbar.core.virtio.ring.RingFault;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A network card in use. Frames that the device had when it was reset are lost, as frames may be. */
public final class VirtioCard implements DeviceType, NetDriver {

    private static final Logger LOG = LoggerFactory.getLogger(VirtioCard.class);
    private static final int VLAN_TAG_BYTES = 4;
    /** Most frames that come in before others are looked after. */
    private static final int BATCH = 64;

    private final String device;
    private final String bus;
    private final Lane lane;
    private final CopyOnWriteArrayList<Listener> listeners = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();
    private volatile CardConfig config;
    private Offer offer;
    /** Those of a device that is not live yet, or is about to be reset. */
    private CardQueues halted;
    /** Null while the device is not up. Set under the lock. */
    private volatile CardQueues queues;

    // Under the lock
    private int senders;
    private String ended;
    private volatile long sent;

    // The lane's
    private volatile long received;
    private volatile long dropped;
    private volatile long malformed;

    /**
     * Makes the driver of a card that is not up yet.
     *
     * @param device its name
     * @param bus    its bus
     * @param lane   its thread
     */
    public VirtioCard(String device, String bus, Lane lane) {
        this.device = device;
        this.bus = bus;
        this.lane = lane;
    }

    /** Somebody who listens, once or more often. */
    private final class Listener implements Listening {
        private final FrameListener told;

        Listener(FrameListener told) {
            this.told = told;
        }

        @Override
        public void close() {
            listeners.remove(this);
        }
    }

    // The card

    @Override
    public String device() {
        return device;
    }

    @Override
    public String bus() {
        return bus;
    }

    @Override
    public boolean isUp() {
        return queues != null;
    }

    @Override
    public byte[] mac() {
        return config.macBytes();
    }

    @Override
    public int mtu() {
        return config.mtu();
    }

    @Override
    public int maxFrameBytes() {
        return frameBytes(config);
    }

    private static int frameBytes(CardConfig of) {
        return HEADER_BYTES + VLAN_TAG_BYTES + of.mtu();
    }

    @Override
    public boolean isLinkUp() {
        return config.linkUp();
    }

    @Override
    public NetCounters counters() {
        return new NetCounters(sent, received, dropped, malformed);
    }

    @Override
    public Listening listen(FrameListener listener) {
        Listener added = new Listener(listener);
        listeners.add(added);
        return added;
    }

    // Out

    @Override
    public boolean offer(ByteBuffer frame) {
        requireFrame(frame);
        synchronized (lock) {
            return queues != null && give(queues.transmit(), frame);
        }
    }

    @Override
    public void send(ByteBuffer frame) throws DriverException, InterruptedIOException {
        requireFrame(frame);
        synchronized (lock) {
            while (queues == null || !give(queues.transmit(), frame)) {
                awaitRoom();
            }
        }
    }

    private void requireFrame(ByteBuffer frame) {
        int most = maxFrameBytes();
        if (frame.remaining() < HEADER_BYTES || frame.remaining() > most) {
            throw new IllegalArgumentException(
                    device + ": frame of " + frame.remaining() + " bytes: expected " + HEADER_BYTES + " to " + most);
        }
    }

    private boolean give(TransmitBuffers transmit, ByteBuffer frame) {
        int number = transmit.take();
        if (number == TransmitBuffers.NONE) {
            if (transmit.fault() != RingFault.NONE) {
                lane.wake();
            }
            return false;
        }
        ByteBuffer buffer = transmit.view(number);
        for (int i = 0; i < NetHeaderLayout.BYTES; i++) {
            buffer.put((byte) 0);
        }
        buffer.put(frame);
        transmit.send(number, buffer.position());
        sent = sent + 1;
        return true;
    }

    /** Waits until the device has used frames, or is up again. */
    private void awaitRoom() throws DriverException, InterruptedIOException {
        if (ended != null) {
            throw new DriverException(
                    DriverException.Kind.GONE, DriverException.NO_STATUS, device + ": frame not sent: " + ended);
        }
        if (lane.isCurrent()) {
            throw new IllegalStateException(device + ": send inside a listener: expected offer, which does not wait");
        }
        senders++;
        try {
            if (queues == null || !queues.transmit().enableCalls()) {
                lock.wait();
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(device + ": interrupted while a frame waited for room");
        } finally {
            senders--;
        }
    }

    // In, on the lane

    @Override
    public int work() {
        CardQueues now = queues;
        if (now == null) {
            return 0;
        }
        int out = letSendersGoOn(now.transmit());
        if (out < 0) {
            return out;
        }
        int in = receive(now);
        if (in != 0) {
            return in;
        }
        return now.receive().enableCalls() ? 1 : 0;
    }

    private int letSendersGoOn(TransmitBuffers transmit) {
        synchronized (lock) {
            if (senders > 0 && transmit.reclaim()) {
                transmit.disableCalls();
                lock.notifyAll();
            }
            return transmit.fault();
        }
    }

    private int receive(CardQueues from) {
        from.receive().disableCalls();
        int count = 0;
        int number = from.receive().poll();
        while (number >= 0) {
            deliver(from.receive().filled(number));
            from.receive().give(number);
            count++;
            number = count == BATCH ? DriverRing.EMPTY : from.receive().poll();
        }
        if (count > 0) {
            from.receive().submit();
        }
        return count > 0 || number == DriverRing.EMPTY ? count : number;
    }

    /** Nothing but plain frames was agreed upon (virtio 1.2, 5.1.6.4). */
    private void deliver(ByteBuffer buffer) {
        int end = buffer.limit();
        boolean plain = end >= NetHeaderLayout.BYTES + HEADER_BYTES
                && (buffer.get(NetHeaderLayout.FLAGS) & VirtioNet.VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0
                && buffer.get(NetHeaderLayout.GSO_TYPE) == VirtioNet.VIRTIO_NET_HDR_GSO_NONE;
        if (!plain) {
            malformed = malformed + 1;
            return;
        }
        received = received + 1;
        if (listeners.isEmpty()) {
            dropped = dropped + 1;
            return;
        }
        for (Listener listener : listeners) {
            tell(listener, buffer.limit(end).position(NetHeaderLayout.BYTES));
        }
    }

    private void tell(Listener listener, ByteBuffer frame) {
        try {
            listener.told.received(frame);
        } catch (RuntimeException | Error e) {
            // Also an error, as of an assertion: it is that of one listener, and the others' frames come in.
            LOG.error("{}: a listener failed", device, e);
        }
    }

    // The device's life

    @Override
    public long features() {
        return bit(VirtioNet.VIRTIO_NET_F_MAC) | bit(VirtioNet.VIRTIO_NET_F_STATUS) | bit(VirtioNet.VIRTIO_NET_F_MTU);
    }

    @Override
    public Plan plan(Offer newOffer) throws VdpaException {
        if (newOffer.queues() < 2) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID,
                    device + " has " + newOffer.queues() + " queues: expected 2 and up, to receive and to transmit", null);
        }
        offer = newOffer;
        config = CardConfig.of(newOffer, newOffer.config());
        return CardQueues.plan(newOffer, frameBytes(config));
    }

    @Override
    public void start(LiveDevice live) {
        halted = CardQueues.start(live, frameBytes(config));
    }

    @Override
    public void run() {
        halted.receive().submit();
        synchronized (lock) {
            queues = halted;
            halted = null;
            lock.notifyAll();
        }
    }

    @Override
    public void configChanged(DeviceConfig now) {
        CardConfig changed = CardConfig.of(offer, now);
        // The buffers are as large as the mtu was; a device must not change it (virtio 1.2, 5.1.4).
        config = new CardConfig(changed.mac(), config.mtu(), changed.linkUp());
    }

    @Override
    public void halt() {
        synchronized (lock) {
            queues = null;
        }
    }

    @Override
    public void wasReset(String why) {
        LOG.debug("{}: frames on their way are lost: {}", device, why);
    }

    @Override
    public void end(String why) {
        synchronized (lock) {
            ended = why;
            lock.notifyAll();
        }
        listeners.clear();
    }
}
