package io.busbar.tools.bench.vhostuser;

import static io.busbar.core.virtio.vhostuser.VhostUserFeatures.VHOST_F_LOG_ALL;
import static io.busbar.core.virtio.vhostuser.VhostUserFeatures.VHOST_USER_F_PROTOCOL_FEATURES;

import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.ring.RingAddresses;
import io.busbar.core.virtio.vhostuser.FrontEndRequest;
import io.busbar.core.virtio.vhostuser.Payloads;
import io.busbar.core.virtio.vhostuser.ProtocolFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/**
 * A connection to a vhost-user back-end, from the driver's side. For one thread. The order of use: {@link #connect},
 * {@link #config}, {@link #accept}, {@link #share}, {@link #start}.
 *
 * <p>What back-ends insist on, and is kept here: the memory table comes before ring addresses (libvhost translates them
 * at once), size before addresses, addresses before the kick descriptor; ring memory is zeroed, as libvhost reads the
 * used index when it is told where the ring is; a ring is always enabled, as some wait for it; no more of the
 * configuration is asked for than there is, as QEMU's storage daemon answers that with nothing; a call may come at once
 * and for nothing.
 */
public final class FrontEnd implements AutoCloseable {

    private static final long WANTED = ProtocolFeature.masks(
            EnumSet.of(ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.CONFIG));
    private static final int MOST_QUEUES = 256;

    private final MessageChannel channel;
    private final long offered;
    private final int queueCount;
    private final List<FrontEndQueue> queues = new ArrayList<>();
    private long accepted;
    private SharedMemory memory;

    private FrontEnd(MessageChannel channel, long offered, int queueCount) {
        this.channel = channel;
        this.offered = offered;
        this.queueCount = queueCount;
    }

    /**
     * Connects, and asks what the device offers.
     *
     * @param socket       where the back-end listens
     * @param timeoutNanos for the connection, and then for each message
     * @return the connection
     * @throws IOException if nobody listens, or the back-end cannot do what is needed here (protocol feature CONFIG)
     */
    public static FrontEnd connect(Path socket, long timeoutNanos) throws IOException {
        MessageChannel channel = MessageChannel.connect(socket, timeoutNanos);
        try {
            return open(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static FrontEnd open(MessageChannel channel) throws FrontEndException {
        long features = channel.ask(FrontEndRequest.GET_FEATURES, Payloads.NONE, Long.BYTES).getLong();
        if (!VirtioConfig.has(features, VHOST_USER_F_PROTOCOL_FEATURES)) {
            throw new FrontEndException("the back-end offers features 0x" + Long.toHexString(features)
                    + ": bit 30, protocol features, was expected");
        }
        long protocol = channel.ask(FrontEndRequest.GET_PROTOCOL_FEATURES, Payloads.NONE, Long.BYTES).getLong();
        if (!ProtocolFeature.CONFIG.in(protocol)) {
            throw new FrontEndException("the back-end offers protocol features 0x" + Long.toHexString(protocol)
                    + ": bit 9, access to the configuration, was expected");
        }
        channel.tell(FrontEndRequest.SET_PROTOCOL_FEATURES, Payloads.u64(protocol & WANTED));
        if (ProtocolFeature.REPLY_ACK.in(protocol)) {
            channel.acknowledgeFromNowOn();
        }
        channel.tell(FrontEndRequest.SET_OWNER, Payloads.NONE);
        return new FrontEnd(channel, features, queueCount(channel, protocol));
    }

    private static int queueCount(MessageChannel channel, long protocol) throws FrontEndException {
        if (!ProtocolFeature.MQ.in(protocol)) {
            return 1;
        }
        long count = channel.ask(FrontEndRequest.GET_QUEUE_NUM, Payloads.NONE, Long.BYTES).getLong();
        if (count < 1 || count > MOST_QUEUES) {
            throw new FrontEndException("the back-end has " + Long.toUnsignedString(count) + " queues: expected 1 to "
                    + MOST_QUEUES);
        }
        return (int) count;
    }

    /** Returns the features of the device. */
    public long offered() {
        return offered & ~VirtioConfig.bit(VHOST_USER_F_PROTOCOL_FEATURES) & ~VirtioConfig.bit(VHOST_F_LOG_ALL);
    }

    /** Returns how many queues there can be. */
    public int queueCount() {
        return queueCount;
    }

    /** Returns the process at the other end. */
    public long process() throws LinuxException {
        return channel.stream().peer().pid();
    }

    /**
     * Reads the device's configuration.
     *
     * @param bytes how much of it, from its beginning, 1 to 256
     * @return little-endian
     * @throws FrontEndException if the device has not so much
     */
    public ByteBuffer config(int bytes) throws FrontEndException {
        byte[] request = Payloads.config(0, 0, new byte[bytes]);
        ByteBuffer reply = channel.ask(FrontEndRequest.GET_CONFIG, request, request.length);
        int offset = reply.getInt();
        int size = reply.getInt();
        if (offset != 0 || size != bytes) {
            throw new FrontEndException("asked for " + bytes + " bytes of configuration at 0, the reply has " + size
                    + " at " + offset);
        }
        return reply.position(Payloads.CONFIG_HEADER_BYTES).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Settles the features.
     *
     * @param wanted of the device's; what it does not offer is left out
     * @return what was accepted
     * @throws FrontEndException if the back-end refuses
     */
    public long accept(long wanted) throws FrontEndException {
        accepted = wanted & offered();
        channel.tell(FrontEndRequest.SET_FEATURES, Payloads.u64(accepted | VirtioConfig.bit(VHOST_USER_F_PROTOCOL_FEATURES)));
        return accepted;
    }

    /**
     * Makes memory and shares it with the device.
     *
     * @param bytes 1 or more
     * @return the memory, which is closed with this connection
     * @throws IOException if there is none, or the back-end refuses it
     */
    public SharedMemory share(long bytes) throws IOException {
        memory = SharedMemory.create(bytes);
        channel.tell(FrontEndRequest.SET_MEM_TABLE, memory.table(), memory.file());
        return memory;
    }

    /**
     * Makes a queue and starts it.
     *
     * @param index 0 to {@link #queueCount} - 1
     * @param size  entries, a power of two
     * @return the queue, which is closed with this connection
     * @throws IOException if the back-end refuses
     */
    public FrontEndQueue start(int index, int size) throws IOException {
        FrontEndQueue queue = FrontEndQueue.create(index, size, accepted, memory, channel.stream().fd());
        queues.add(queue);
        run(queue, 0);
        return queue;
    }

    /**
     * Stops a queue: the device ends what is in flight and takes nothing more.
     *
     * @param queue started
     * @return the index in the available ring that it goes on from
     * @throws FrontEndException if the back-end refuses
     */
    public int stop(FrontEndQueue queue) throws FrontEndException {
        ByteBuffer reply = channel.ask(FrontEndRequest.GET_VRING_BASE, state(queue, 0), Long.BYTES);
        int index = reply.getInt();
        int base = reply.getInt();
        if (index != queue.index() || base < 0 || base > 0xffff) {
            throw new FrontEndException("stopped queue " + queue.index() + ", the reply says that queue " + index
                    + " goes on from " + Integer.toUnsignedString(base) + ": expected 0 to 65535");
        }
        return base;
    }

    /**
     * Starts a stopped queue again where it was.
     *
     * @param queue stopped
     * @param base  what {@link #stop} returned
     * @throws FrontEndException if the back-end refuses
     */
    public void run(FrontEndQueue queue, int base) throws FrontEndException {
        channel.tell(FrontEndRequest.SET_VRING_CALL, Payloads.u64(queue.index()), queue.call());
        channel.tell(FrontEndRequest.SET_VRING_NUM, state(queue, queue.size()));
        channel.tell(FrontEndRequest.SET_VRING_BASE, state(queue, base));
        channel.tell(FrontEndRequest.SET_VRING_ADDR, address(queue));
        channel.tell(FrontEndRequest.SET_VRING_KICK, Payloads.u64(queue.index()), queue.kick());
        channel.tell(FrontEndRequest.SET_VRING_ENABLE, state(queue, 1));
    }

    private static byte[] address(FrontEndQueue queue) {
        RingAddresses at = queue.addresses();
        return Payloads.vringAddress(queue.index(), at.descriptorTable(), at.deviceArea(), at.driverArea());
    }

    private static byte[] state(FrontEndQueue queue, int value) {
        return Payloads.vringState(queue.index(), value);
    }

    /** Leaves the device, and then gives its memory back. */
    @Override
    public void close() {
        channel.close();
        queues.forEach(FrontEndQueue::close);
        if (memory != null) {
            memory.close();
        }
    }
}
