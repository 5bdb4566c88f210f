package io.busbar.testkit.vdpa;

import static io.busbar.core.virtio.VirtioConfig.VIRTIO_F_VERSION_1;
import static io.busbar.core.virtio.VirtioConfig.VIRTIO_RING_F_EVENT_IDX;
import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.vdpa.KickDescriptors;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Poll;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.Chain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A disk over an array. */
public class FakeDisk extends FakeDevice {

    /** What it offers if a test says nothing else. */
    public static final long FEATURES = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_RING_F_EVENT_IDX)
            | bit(VirtioBlk.VIRTIO_BLK_F_SEG_MAX) | bit(VirtioBlk.VIRTIO_BLK_F_BLK_SIZE)
            | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH) | bit(VirtioBlk.VIRTIO_BLK_F_DISCARD)
            | bit(VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES);
    /** Most bytes of a discard or a write of zeroes. */
    public static final int MAX_RANGE = 1 << 20;

    private static final int HEADER = 16;

    private final byte[] store;
    private final List<String> served = new CopyOnWriteArrayList<>();
    private final Map<Integer, Integer> statuses = new ConcurrentHashMap<>();
    private volatile int shortBy;

    /** A disk of so many bytes, in blocks of 512. */
    public FakeDisk(int bytes) {
        super("disk0", VirtioIds.VIRTIO_ID_BLOCK, 1, config(bytes), FEATURES);
        store = new byte[bytes];
    }

    private static byte[] config(int bytes) {
        ByteBuffer config = ByteBuffer.allocate(BlockConfigLayout.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        config.putLong(BlockConfigLayout.CAPACITY, bytes / 512L);
        config.putInt(BlockConfigLayout.SEG_MAX, 126);
        config.putInt(BlockConfigLayout.BLK_SIZE, 512);
        config.putInt(BlockConfigLayout.MAX_DISCARD_SECTORS, MAX_RANGE / 512);
        config.putInt(BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS, MAX_RANGE / 512);
        return config.array();
    }

    /** Sets a field of the configuration. */
    public FakeDisk field(int offset, int value) {
        configure(config -> config.putInt(offset, value));
        return this;
    }

    /** Offers other features. */
    public FakeDisk offering(long offered) {
        offer(offered);
        return this;
    }

    /** Reaches other addresses. */
    public FakeDisk reaching(long first, long last) {
        reach(first, last);
        return this;
    }

    /** Answers a request type with a status. */
    public void answer(int type, int withStatus) {
        statuses.put(type, withStatus);
    }

    /** Says that it wrote so many bytes less than it did. */
    public void shorten(int bytes) {
        shortBy = bytes;
    }

    /** Has another capacity from now on. */
    public void resize(long bytes) {
        configure(config -> config.putLong(BlockConfigLayout.CAPACITY, bytes / 512));
        configChanged();
    }

    /** The requests that it served, as {@code type@byte+length}. */
    public List<String> served() {
        return served;
    }

    /** The bytes. */
    public byte[] store() {
        return store;
    }

    @Override
    protected void serve(int index) {
        for (Chain chain = take(index); chain != null; chain = take(index)) {
            complete(index, chain, Math.max(0, serve(chain) - shortBy));
        }
    }

    private long serve(Chain chain) {
        ByteBuffer in = readable(chain);
        int type = in.getInt(0);
        long offset = in.getLong(8) * 512;
        byte[] out = new byte[(int) chain.writableBytes()];
        int room = out.length - 1;
        int outcome = statuses.getOrDefault(type, 0);
        in.position(HEADER);
        served.add(text(type, in, offset, room));
        if (outcome == 0) {
            perform(type, in, offset, out, room);
        }
        out[room] = (byte) outcome;
        write(chain, out);
        return out.length;
    }

    private static String text(int type, ByteBuffer in, long offset, int room) {
        return switch (type) {
            case VirtioBlk.VIRTIO_BLK_T_IN -> "read@" + offset + "+" + room;
            case VirtioBlk.VIRTIO_BLK_T_OUT -> "write@" + offset + "+" + in.remaining();
            case VirtioBlk.VIRTIO_BLK_T_FLUSH -> "flush";
            case VirtioBlk.VIRTIO_BLK_T_DISCARD -> "discard@" + range(in);
            case VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES ->
                "zeroes@" + range(in) + (in.getInt(HEADER + 12) == 0 ? "" : " unmap");
            default -> "type " + type;
        };
    }

    private static String range(ByteBuffer in) {
        return in.getLong(HEADER) * 512 + "+" + in.getInt(HEADER + 8) * 512L;
    }

    private void perform(int type, ByteBuffer in, long offset, byte[] out, int room) {
        switch (type) {
            case VirtioBlk.VIRTIO_BLK_T_IN -> System.arraycopy(store, (int) offset, out, 0, room);
            case VirtioBlk.VIRTIO_BLK_T_OUT -> in.get(store, (int) offset, in.remaining());
            case VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES -> {
                int from = (int) in.getLong(HEADER) * 512;
                Arrays.fill(store, from, from + in.getInt(HEADER + 8) * 512, (byte) 0);
            }
            default -> { }
        }
    }

    /** One that waits for kicks by itself. */
    public static final class WithKickDescriptors extends FakeDisk implements KickDescriptors {

        private static final long LOOK_NANOS = 10_000_000;

        private volatile int descriptor = -1;
        private Thread waiter;

        /** A disk of so many bytes, in blocks of 512. */
        public WithKickDescriptors(int bytes) {
            super(bytes);
        }

        @Override
        public synchronized void setVqKickDescriptor(int index, int newDescriptor) throws VdpaException {
            descriptor = newDescriptor;
            try {
                if (waiter != null) {
                    waiter.join();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (newDescriptor >= 0) {
                waiter = Thread.ofPlatform().daemon().start(() -> await(newDescriptor));
            }
        }

        private void await(int kick) {
            while (descriptor == kick) {
                if (Poll.await(kick, Poll.POLLIN, LOOK_NANOS) > 0) {
                    EventFd.drain(kick);
                    kickVq(0);
                }
            }
        }

        @Override
        public void reset() throws VdpaException {
            setVqKickDescriptor(0, -1);
            super.reset();
        }
    }
}
