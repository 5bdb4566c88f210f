package io.busbar.busdrivers.vop;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.core.virtio.ring.Chain;
import io.busbar.testkit.vdpa.FakeDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what it is given, and writes as many bytes of a pattern as it is told, or holds chains until it is told. */
final class EchoDevice extends FakeDevice {

    static final long FEATURES = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX);

    private final List<byte[]> received = new CopyOnWriteArrayList<>();
    private final List<Integer> writableBytes = new CopyOnWriteArrayList<>();
    private final List<Chain> kept = new ArrayList<>();
    private volatile int written;
    private volatile boolean keep;

    EchoDevice(String name, int queues, int configBytes) {
        this(name, 42, queues, configBytes, FEATURES);
    }

    EchoDevice(String name, int deviceId, int queues, int configBytes, long features) {
        super(name, deviceId, queues, new byte[configBytes], features);
    }

    /** Writes so many bytes to each chain from now on. */
    void write(int bytes) {
        written = bytes;
    }

    /** Keeps chains, and gives them back together, in the other order, when told so. */
    void keep(boolean keepThem) {
        keep = keepThem;
        if (!keepThem) {
            whenLive(() -> {
                kept.reversed().forEach(chain -> answer(0, chain));
                kept.clear();
                publish(0);
            });
        }
    }

    List<byte[]> received() {
        return received;
    }

    List<Integer> writableBytes() {
        return writableBytes;
    }

    static byte[] pattern(int bytes) {
        byte[] pattern = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            pattern[i] = (byte) (i * 31 + 7);
        }
        return pattern;
    }

    void setConfig(int offset, int value) {
        configure(config -> config.put(offset, (byte) value));
        configChanged();
    }

    @Override
    protected void serve(int index) {
        for (Chain chain = take(index); chain != null; chain = take(index)) {
            received.add(readable(chain).array());
            writableBytes.add((int) chain.writableBytes());
            if (keep) {
                kept.add(chain);
            } else {
                answer(index, chain);
                publish(index);
            }
        }
    }

    private void answer(int index, Chain chain) {
        write(chain, pattern(written));
        stage(index, chain, written);
    }
}
