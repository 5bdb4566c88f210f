package io.busbar.testkit.vdpa;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.net.NetConfigLayout;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.core.virtio.net.VirtioNet;
import io.busbar.core.virtio.ring.Chain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** A network card whose wire is a test's: it keeps what is sent, and receives what it is given. */
public final class FakeCard extends FakeDevice {

    /** What it offers if a test says nothing else. */
    public static final long FEATURES = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX)
            | bit(VirtioNet.VIRTIO_NET_F_MAC) | bit(VirtioNet.VIRTIO_NET_F_STATUS) | bit(VirtioNet.VIRTIO_NET_F_MTU);

    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    private final List<byte[]> sent = new CopyOnWriteArrayList<>();
    private final ConcurrentLinkedQueue<byte[]> wire = new ConcurrentLinkedQueue<>();

    /** A card with address 02:00:00:00:00:07, the link up, and an mtu. */
    public FakeCard(int mtu) {
        super("net0", VirtioIds.VIRTIO_ID_NET, 2, config(mtu), FEATURES);
    }

    private static byte[] config(int mtu) {
        ByteBuffer config = ByteBuffer.allocate(NetConfigLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        config.put(new byte[] {2, 0, 0, 0, 0, 7});
        config.putShort(NetConfigLayout.STATUS, (short) VirtioNet.VIRTIO_NET_S_LINK_UP);
        config.putShort(NetConfigLayout.MTU, (short) mtu);
        return config.array();
    }

    /** Pulls the cable, or puts it back. */
    public void link(boolean up) {
        configure(config -> config.putShort(NetConfigLayout.STATUS, (short) (up ? VirtioNet.VIRTIO_NET_S_LINK_UP : 0)));
        configChanged();
    }

    /** Receives a frame. */
    public void receive(byte[] frame) {
        receiveWithHeader(new byte[NetHeaderLayout.BYTES], frame);
    }

    /** Receives a frame behind a header of the test's. */
    public void receiveWithHeader(byte[] header, byte[] frame) {
        wire.add(ByteBuffer.allocate(header.length + frame.length).put(header).put(frame).array());
        kickVq(RECEIVE);
    }

    /** Returns how many frames wait for a buffer. */
    public int waiting() {
        return wire.size();
    }

    /** What was sent, with the header. */
    public List<byte[]> sent() {
        return sent;
    }

    @Override
    protected boolean servesAll(int index) {
        return index == TRANSMIT;
    }

    @Override
    protected void serve(int index) {
        if (index == TRANSMIT) {
            for (Chain chain = take(index); chain != null; chain = take(index)) {
                sent.add(readable(chain).array());
                complete(index, chain, 0);
            }
        } else {
            while (!wire.isEmpty()) {
                Chain chain = take(index);
                if (chain == null) {
                    if (askForKick(index)) {
                        continue;
                    }
                    return;
                }
                byte[] bytes = wire.remove();
                write(chain, bytes);
                complete(index, chain, bytes.length);
            }
        }
    }
}
