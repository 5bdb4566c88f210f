package io.busbar.tools.bench.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.busbar.core.linux.Epoll;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import io.busbar.core.linux.Memory;
import io.busbar.core.linux.UnixListener;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.block.BlockConfigLayout;
import io.busbar.core.virtio.block.VirtioBlk;
import io.busbar.core.virtio.ring.Chain;
import io.busbar.core.virtio.ring.DeviceRing;
import io.busbar.core.virtio.ring.DeviceRingConfig;
import io.busbar.core.virtio.ring.Regions;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.ring.Rings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A vhost-user block device of one queue in a thread of the test, over an array. It does what it has to, except for the
 * faults that a test gives it.
 */
public final class TinyDevice implements AutoCloseable {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final long FEATURES = 1L << 32 | 1L << 30 | 1L << 29 | 1L << VirtioBlk.VIRTIO_BLK_F_FLUSH
            | 1L << VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES;
    private static final long PROTOCOL = 1 | 1 << 3 | 1 << 9;

    /** What a device can do wrong; the defaults are right. */
    public static class Faults {

        /** Returns the flags of a reply. */
        public int replyFlags(int request) {
            return 5;
        }

        /** Returns the payload of a reply. */
        public byte[] reply(int request, byte[] right) {
            return right;
        }

        /** Returns the value of an acknowledgement. */
        public long ack(int request) {
            return 0;
        }

        /** Returns whether to hang up instead of handling a request. */
        public boolean hangUp(int request) {
            return false;
        }

        /** Returns the status of a block request. */
        public byte status(int type, long sector, byte right) {
            return right;
        }

        /** Returns whether what is written reaches the disk. */
        public boolean keepsWrites() {
            return true;
        }

        /** Returns whether requests are answered at all. */
        public boolean answers() {
            return true;
        }
    }

    private final UnixListener listener;
    private final byte[] disk;
    private final Faults faults;
    private final Thread thread;
    private final List<Integer> requests = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean ended;
    private volatile Throwable failure;

    /* Of the connection at hand. */
    private UnixStream stream;
    private Epoll epoll;
    private Fd kick;
    private Fd call;
    private Mapping mapping;
    private long guestBase;
    private long userBase;
    private long features;
    private int size;
    private int base;
    private long[] parts;
    private DeviceRing ring;

    private TinyDevice(UnixListener listener, byte[] disk, Faults faults) {
        this.listener = listener;
        this.disk = disk;
        this.faults = faults;
        thread = Thread.ofPlatform().name("tiny-device").start(this::run);
    }

    /** Listens at a socket, for one connection after the other. */
    public static TinyDevice at(Path socket, byte[] disk, Faults faults) throws LinuxException {
        return new TinyDevice(UnixListener.bind(socket), disk, faults);
    }

    /** Returns the numbers of the requests so far, in their order. */
    public List<Integer> requests() {
        return List.copyOf(requests);
    }

    private void run() {
        try {
            while (!ended) {
                Optional<UnixStream> next = listener.accept(SECOND / 20);
                if (next.isPresent()) {
                    serve(next.get());
                }
            }
        } catch (Throwable e) {
            failure = e;
        }
    }

    private void serve(UnixStream connection) throws LinuxException {
        stream = connection;
        try (Epoll set = Epoll.create()) {
            epoll = set;
            epoll.add(stream.fd().number(), Epoll.EPOLLIN | Epoll.EPOLLRDHUP, 0);
            boolean connected = true;
            while (connected && !ended) {
                epoll.await(50);
                connected = receive();
                turn();
            }
        } finally {
            stream.close();
            if (mapping != null) {
                mapping.close();
            }
            mapping = null;
            ring = null;
            kick = null;
            call = null;
        }
    }

    /** Handles a message if there is one; returns whether the connection goes on. */
    private boolean receive() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(12, 8);
            int got = stream.receive(header.address(), 12);
            if (got < 0) {
                return true;
            }
            if (got == 0) {
                return false;
            }
            int id = header.get(JAVA_INT_UNALIGNED, 0);
            int bytes = header.get(JAVA_INT_UNALIGNED, 8);
            MemorySegment payload = arena.allocate(Math.max(8, bytes), 8);
            if (bytes > 0) {
                stream.receiveExactly(payload.address(), bytes, SECOND);
            }
            requests.add(id);
            if (faults.hangUp(id)) {
                return false;
            }
            byte[] reply = handle(id, payload, stream.takeDescriptors());
            if (reply != null) {
                send(id, faults.reply(id, reply));
            } else if ((header.get(JAVA_INT_UNALIGNED, 4) & 8) != 0) {
                send(id, u64(faults.ack(id)));
            }
            return true;
        }
    }

    private void send(int id, byte[] payload) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(12L + payload.length, 8);
            bytes.set(JAVA_INT_UNALIGNED, 0, id);
            bytes.set(JAVA_INT_UNALIGNED, 4, faults.replyFlags(id));
            bytes.set(JAVA_INT_UNALIGNED, 8, payload.length);
            MemorySegment.copy(payload, 0, bytes, JAVA_BYTE, 12, payload.length);
            stream.sendFully(bytes.address(), 12 + payload.length, 0, 0, List.of(), SECOND);
        }
    }

    private byte[] handle(int id, MemorySegment payload, List<Fd> descriptors) throws LinuxException {
        switch (id) {
            case 1 -> {
                return u64(FEATURES);
            }
            case 2 -> features = payload.get(JAVA_LONG_UNALIGNED, 0);
            case 5 -> map(payload, descriptors.getFirst());
            case 8 -> size = payload.get(JAVA_INT_UNALIGNED, 4);
            case 9 -> parts = new long[] {payload.get(JAVA_LONG_UNALIGNED, 8), payload.get(JAVA_LONG_UNALIGNED, 24),
                    payload.get(JAVA_LONG_UNALIGNED, 16)};
            case 10 -> base = payload.get(JAVA_INT_UNALIGNED, 4);
            case 11 -> {
                base = ring.nextAvail();
                ring = null;
                return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putInt(0).putInt(base).array();
            }
            case 12 -> {
                kick = descriptors.getFirst();
                epoll.add(kick.number(), Epoll.EPOLLIN | Epoll.EPOLLET, 1);
            }
            case 13 -> {
                call = descriptors.getFirst();
                EventFd.signal(call.number());
            }
            case 15 -> {
                return u64(PROTOCOL);
            }
            case 17 -> {
                return u64(1);
            }
            case 18 -> start();
            case 24 -> {
                return config(payload.get(JAVA_INT_UNALIGNED, 4));
            }
            default -> { }
        }
        return null;
    }

    private void map(MemorySegment table, Fd file) throws LinuxException {
        guestBase = table.get(JAVA_LONG_UNALIGNED, 8);
        userBase = table.get(JAVA_LONG_UNALIGNED, 24);
        mapping = Mapping.map(file.number(), table.get(JAVA_LONG_UNALIGNED, 32), table.get(JAVA_LONG_UNALIGNED, 16),
                true);
        file.close();
    }

    private void start() {
        RingAddresses addresses = new RingAddresses(Memory.ALL, host(parts[0]), host(parts[1]), host(parts[2]));
        Regions regions = Regions.of(
                List.of(new Regions.Region(guestBase, mapping.length(), mapping.address(), true)));
        ring = Rings.plainDevice(new DeviceRingConfig(addresses, size, features).withNextAvail(base), regions);
    }

    private long host(long user) {
        return user - userBase + mapping.address();
    }

    private byte[] config(int bytes) {
        ByteBuffer config = ByteBuffer.allocate(12 + bytes).order(ByteOrder.nativeOrder());
        config.putInt(4, bytes);
        config.putLong(12 + BlockConfigLayout.CAPACITY, disk.length / 512);
        config.putInt(12 + BlockConfigLayout.MAX_WRITE_ZEROES_SECTORS, 64);
        return config.array();
    }

    private void turn() {
        if (ring == null || !faults.answers()) {
            return;
        }
        do {
            for (int count = ring.take(64); count > 0; count = ring.take(64)) {
                for (int i = 0; i < count; i++) {
                    serve(ring.taken(i));
                }
                ring.publish();
                if (ring.callNeeded()) {
                    EventFd.signal(call.number());
                }
            }
        } while (ring.enableKicks());
    }

    private void serve(Chain chain) {
        MemorySegment all = Memory.ALL;
        int type = all.get(JAVA_INT_UNALIGNED, chain.address(0));
        long sector = all.get(JAVA_LONG_UNALIGNED, chain.address(0) + 8);
        long status = chain.address(chain.segments() - 1);
        long data = chain.address(1);
        int bytes = chain.segments() > 2 ? chain.length(1) : 0;
        byte right = work(type, sector, data, bytes);
        all.set(JAVA_BYTE, status, faults.status(type, sector, right));
        ring.complete(chain, type == VirtioBlk.VIRTIO_BLK_T_OUT || type == VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES
                ? 1 : 1 + bytes);
    }

    private byte work(int type, long sector, long data, int bytes) {
        boolean inside = sector >= 0 && sector <= disk.length / 512 && sector * 512 + bytes <= disk.length;
        switch (type) {
            case VirtioBlk.VIRTIO_BLK_T_IN -> {
                if (!inside) {
                    return VirtioBlk.VIRTIO_BLK_S_IOERR;
                }
                MemorySegment.copy(disk, (int) sector * 512, Memory.ALL, JAVA_BYTE, data, bytes);
            }
            case VirtioBlk.VIRTIO_BLK_T_OUT -> {
                if (!inside) {
                    return VirtioBlk.VIRTIO_BLK_S_IOERR;
                }
                if (faults.keepsWrites()) {
                    MemorySegment.copy(Memory.ALL, JAVA_BYTE, data, disk, (int) sector * 512, bytes);
                }
            }
            case VirtioBlk.VIRTIO_BLK_T_WRITE_ZEROES -> {
                int from = (int) Memory.ALL.get(JAVA_LONG_UNALIGNED, data) * 512;
                Arrays.fill(disk, from, from + Memory.ALL.get(JAVA_INT_UNALIGNED, data + 8) * 512, (byte) 0);
            }
            case VirtioBlk.VIRTIO_BLK_T_FLUSH, VirtioBlk.VIRTIO_BLK_T_GET_ID -> { }
            default -> {
                return VirtioBlk.VIRTIO_BLK_S_UNSUPP;
            }
        }
        return VirtioBlk.VIRTIO_BLK_S_OK;
    }

    private static byte[] u64(long value) {
        return ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(value).array();
    }

    /** Ends it; throws what went wrong in it. */
    @Override
    public void close() {
        ended = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        listener.close();
        if (failure != null) {
            throw new AssertionError("the device of the test failed", failure);
        }
    }
}
