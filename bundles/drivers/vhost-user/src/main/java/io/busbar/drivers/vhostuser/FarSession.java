package io.busbar.drivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.Reason;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.VirtioConfig;
import io.busbar.core.virtio.vhostuser.FrontEndRequest;
import io.busbar.core.virtio.vhostuser.Payloads;
import io.busbar.core.virtio.vhostuser.ProtocolFeature;
import io.busbar.core.virtio.vhostuser.VhostUserFeatures;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * A connection to a far process that was negotiated. What back-ends insist on, and is kept here: memory comes before ring
 * addresses, the size before addresses, addresses before the kick descriptor; a ring is always enabled; no more of the
 * configuration is asked for than there is. One thread at a time: under the device's lock.
 */
final class FarSession implements AutoCloseable {

    private static final EnumSet<ProtocolFeature> WANTED = EnumSet.of(
            ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.BACKEND_REQ, ProtocolFeature.CONFIG,
            ProtocolFeature.INFLIGHT_SHMFD, ProtocolFeature.RESET_DEVICE, ProtocolFeature.CONFIGURE_MEM_SLOTS,
            ProtocolFeature.STATUS);
    private static final long PROTOCOL_FEATURES =
            VirtioConfig.bit(VhostUserFeatures.VHOST_USER_F_PROTOCOL_FEATURES);
    private static final int MOST_UNITS = 0x8000;
    /** Regions of one table, and of what is added one by one. */
    private static final int TABLE_SLOTS = 8;
    private static final int MOST_SLOTS = 509;
    private static final int GUEST_WRITE = 0;

    private final MessageChannel channel;
    private final FarWords words;
    private long protocol;
    private long offered;
    private FarOffer offer;
    private int slots = TABLE_SLOTS;
    private BackChannel backChannel;
    /** What the far process has of the driver's memory. */
    private final List<MemoryRegion> memory = new ArrayList<>();

    private FarSession(MessageChannel channel, FarWords words) {
        this.channel = channel;
        this.words = words;
    }

    /**
     * Connects and negotiates.
     *
     * @param words         where, and what is expected there
     * @param exchangeNanos how long one exchange of messages may take
     * @param allNanos      how long all of it may take
     * @throws NobodyThereException if nobody listens
     * @throws FarException         if who listens does not answer, breaks the protocol, or lacks what is needed
     */
    static FarSession open(FarWords words, long exchangeNanos, long allNanos) throws FarException {
        FarSession session = new FarSession(new MessageChannel(connect(words, allNanos), exchangeNanos, allNanos), words);
        try {
            session.negotiate();
            return session;
        } catch (FarException e) {
            session.close();
            throw e;
        } catch (LinuxException e) {
            session.close();
            throw new FarException(Reason.INTERNAL, e.getMessage(), e);
        }
    }

    private static UnixStream connect(FarWords words, long nanos) throws FarException {
        try {
            return UnixStream.connect(words.socket(), nanos);
        } catch (LinuxException e) {
            int errno = e.errno();
            if (errno == Errno.ENOENT || errno == Errno.ECONNREFUSED || errno == Errno.ENOTDIR) {
                throw new NobodyThereException("nobody listens at " + words.socket(), e);
            }
            Reason reason = errno == Errno.EACCES || errno == Errno.EPERM
                    ? Reason.PERMISSION
                    : errno == Errno.EAGAIN ? Reason.NO_ANSWER : Reason.CONFIG_INVALID;
            throw new FarException(reason, e.getMessage(), e);
        }
    }

    // Negotiation

    private void negotiate() throws FarException, LinuxException {
        offered = channel.askU64(FrontEndRequest.GET_FEATURES);
        if ((offered & PROTOCOL_FEATURES) == 0) {
            throw unfit("offers features 0x" + Long.toHexString(offered) + ": expected bit 30, protocol features");
        }
        protocol = channel.askU64(FrontEndRequest.GET_PROTOCOL_FEATURES) & ProtocolFeature.masks(WANTED);
        channel.tell(FrontEndRequest.SET_PROTOCOL_FEATURES, Payloads.u64(protocol));
        if (has(ProtocolFeature.REPLY_ACK)) {
            channel.acknowledgeFromNowOn();
        }
        channel.tell(FrontEndRequest.SET_OWNER, Payloads.NONE);
        int queues = queues();
        if (has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            slots = slotsOf(channel.askU64(FrontEndRequest.GET_MAX_MEM_SLOTS));
        }
        if (has(ProtocolFeature.BACKEND_REQ)) {
            backChannel = BackChannel.open(
                    end -> channel.tell(FrontEndRequest.SET_BACKEND_REQ_FD, Payloads.NONE, end));
        }
        offer = offer(queues);
        channel.negotiated();
    }

    private int queues() throws FarException {
        long units = 1;
        if (has(ProtocolFeature.MQ)) {
            units = channel.askU64(FrontEndRequest.GET_QUEUE_NUM);
            if (units < 1 || units > MOST_UNITS) {
                throw FarException.violation("has " + Long.toUnsignedString(units) + " queues: expected 1 to " + MOST_UNITS);
            }
        }
        if (words.queues() > units) {
            throw unfit("has " + units + " queues: queues " + words.queues() + " were asked for");
        }
        long used = words.queues() > 0 ? words.queues() : Math.min(units, words.type().mostUnits());
        return (int) used * words.type().queuesPerUnit();
    }

    private static int slotsOf(long slots) throws FarException {
        if (slots < 1) {
            throw FarException.violation("takes no region of memory");
        }
        return (int) Math.min(Long.compareUnsigned(slots, MOST_SLOTS) > 0 ? MOST_SLOTS : slots, MOST_SLOTS);
    }

    private FarOffer offer(int queues) throws FarException {
        FarClass type = words.type();
        ConfigBytes config = has(ProtocolFeature.CONFIG) ? firstConfig() : new ConfigBytes(Payloads.NONE);
        if (type.needsConfig() && config.size() == 0) {
            throw unfit("does not show its configuration, which a " + type.word() + " device needs");
        }
        long features = type.servable(offered, config);
        if (!VirtioConfig.has(features, VirtioConfig.VIRTIO_F_VERSION_1)) {
            throw unfit("offers features 0x" + Long.toHexString(offered) + ": expected VERSION_1 among them");
        }
        FarOffer made = new FarOffer(type, features, queues, config, has(ProtocolFeature.INFLIGHT_SHMFD));
        check(made.features(), config);
        type.limitQueues(config, queues);
        return made;
    }

    /** The far process does not say how long its configuration is: it refuses what is too long. */
    private ConfigBytes firstConfig() throws FarException {
        for (int size : words.type().configSizes()) {
            Optional<ConfigBytes> config = readConfig(size);
            if (config.isPresent()) {
                return config.get();
            }
        }
        return new ConfigBytes(Payloads.NONE);
    }

    private void check(long features, ConfigBytes config) throws FarException {
        Optional<String> wrong = words.type().wrong(features, config);
        if (wrong.isPresent()) {
            throw FarException.violation("shows " + wrong.get() + ", which no " + words.type().word() + " device has");
        }
    }

    private static FarException unfit(String what) {
        return new FarException(Reason.FEATURES_MISMATCH, "the far process " + what);
    }

    private boolean has(ProtocolFeature feature) {
        return feature.in(protocol);
    }

    // What it is

    FarOffer offer() {
        return offer;
    }

    /** Returns the process at the other end; 0 if the system does not say. */
    long process() {
        try {
            return channel.stream().peer().pid();
        } catch (LinuxException e) {
            return 0;
        }
    }

    /** Returns the socket: readable when the far process has left, or says what nobody asked for. */
    Fd fd() {
        return channel.stream().fd();
    }

    /** Returns the channel for requests of the far process, if it wanted one. */
    Optional<BackChannel> backChannel() {
        return Optional.ofNullable(backChannel);
    }

    /** Returns how many regions of memory it takes. */
    int slots() {
        return slots;
    }

    void expectQuiet() throws FarException {
        channel.expectQuiet();
    }

    // Configuration and status

    /** Reads the whole configuration anew. */
    ConfigBytes config() throws FarException {
        int size = offer.config().size();
        ConfigBytes config = size == 0
                ? new ConfigBytes(Payloads.NONE)
                : readConfig(size).orElseThrow(() -> FarException.violation(
                        "does not show its configuration of " + size + " bytes any more"));
        check(offer.features(), config);
        words.type().limitQueues(config, offer.queues());
        return config;
    }

    /** Reads from the beginning of the configuration; empty if the far process has not so much. */
    private Optional<ConfigBytes> readConfig(int size) throws FarException {
        byte[] request = Payloads.config(0, 0, new byte[size]);
        ByteBuffer reply = channel.ask(FrontEndRequest.GET_CONFIG, request, request.length, 0);
        if (!reply.hasRemaining()) {
            return Optional.empty();
        }
        int offset = reply.getInt();
        int bytes = reply.getInt();
        if (offset != 0 || bytes != size) {
            throw FarException.violation("was asked for " + size + " bytes of configuration at 0 and sent "
                    + Integer.toUnsignedString(bytes) + " at " + Integer.toUnsignedString(offset));
        }
        byte[] content = new byte[size];
        reply.position(Payloads.CONFIG_HEADER_BYTES).get(content);
        return Optional.of(new ConfigBytes(content));
    }

    /** Writes to the configuration. */
    void writeConfig(int offset, byte[] bytes) throws FarException {
        if (!has(ProtocolFeature.CONFIG)) {
            throw new RefusedException("the far process does not let its configuration be written");
        }
        channel.tell(FrontEndRequest.SET_CONFIG, Payloads.config(offset, GUEST_WRITE, bytes));
    }

    /** Returns whether the far process says that its device needs a reset. */
    boolean needsReset() throws FarException {
        return has(ProtocolFeature.STATUS)
                && (channel.askU64(FrontEndRequest.GET_STATUS) & VirtioConfig.VIRTIO_CONFIG_S_NEEDS_RESET) != 0;
    }

    // Start and stop

    /** Settles the features. */
    void setFeatures(long features) throws FarException {
        channel.tell(FrontEndRequest.SET_FEATURES, Payloads.u64(features | PROTOCOL_FEATURES));
        if (!has(ProtocolFeature.STATUS)) {
            return;
        }
        setStatus(VirtioConfig.VIRTIO_CONFIG_S_ACKNOWLEDGE | VirtioConfig.VIRTIO_CONFIG_S_DRIVER
                | VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK);
        if ((channel.askU64(FrontEndRequest.GET_STATUS) & VirtioConfig.VIRTIO_CONFIG_S_FEATURES_OK) == 0) {
            throw unfit("does not take features 0x" + Long.toHexString(features) + ", which it offered");
        }
    }

    /** Sets the status where that was agreed on. */
    void setStatus(int status) throws FarException {
        if (has(ProtocolFeature.STATUS)) {
            channel.tell(FrontEndRequest.SET_STATUS, Payloads.u64(status));
        }
    }

    /** Waits until everything told before was done, where it was not acknowledged one by one. */
    void settle() throws FarException {
        if (!has(ProtocolFeature.REPLY_ACK) && channel.askU64(FrontEndRequest.GET_FEATURES) != offered) {
            throw FarException.violation("offers other features than before");
        }
    }

    /**
     * Makes the driver's memory that of a table. When the call returns the far process has been told to use no other.
     *
     * @return whether it was: a far process that takes whole tables alone keeps what it has when there is none
     */
    boolean setMemory(DriverMemory table) throws FarException {
        List<MemoryRegion> wanted = table.regions();
        if (!has(ProtocolFeature.CONFIGURE_MEM_SLOTS)) {
            return setTable(wanted);
        }
        for (MemoryRegion region : List.copyOf(memory)) {
            if (!contains(wanted, region)) {
                channel.tell(FrontEndRequest.REM_MEM_REG, FarMemory.single(region));
                memory.remove(region);
            }
        }
        for (MemoryRegion region : wanted) {
            if (!contains(memory, region)) {
                tellWithFiles(FrontEndRequest.ADD_MEM_REG, FarMemory.single(region), List.of(region));
                memory.add(region);
            }
        }
        settle();
        return true;
    }

    /** Whether it has memory that is not all of a table. */
    boolean hasOtherMemory(DriverMemory table) {
        List<MemoryRegion> wanted = table.regions();
        return !memory.isEmpty()
                && (memory.size() != wanted.size() || !memory.stream().allMatch(region -> contains(wanted, region)));
    }

    private boolean setTable(List<MemoryRegion> wanted) throws FarException {
        if (wanted.isEmpty()) {
            return memory.isEmpty();
        }
        tellWithFiles(FrontEndRequest.SET_MEM_TABLE, FarMemory.table(wanted), wanted);
        memory.clear();
        memory.addAll(wanted);
        settle();
        return true;
    }

    private static boolean contains(List<MemoryRegion> regions, MemoryRegion region) {
        return regions.stream().anyMatch(other -> FarMemory.same(other, region));
    }

    /** Sends the files behind regions; they stay their owner's. */
    private void tellWithFiles(FrontEndRequest request, byte[] payload, List<MemoryRegion> regions)
            throws FarException {
        List<Fd> files = new ArrayList<>();
        try {
            for (MemoryRegion region : regions) {
                files.add(Fd.duplicateOf(region.descriptor()));
            }
            channel.tell(request, payload, files.toArray(Fd[]::new));
        } catch (LinuxException e) {
            throw new FarException(Reason.INTERNAL, e.getMessage(), e);
        } finally {
            files.forEach(Fd::close);
        }
    }

    /** Starts a queue at its base. */
    void start(FarQueue queue) throws FarException, LinuxException {
        int index = queue.index();
        setCall(queue);
        setDescriptor(FrontEndRequest.SET_VRING_ERR, index, queue.error());
        channel.tell(FrontEndRequest.SET_VRING_NUM, Payloads.vringState(index, queue.num));
        channel.tell(FrontEndRequest.SET_VRING_BASE, Payloads.vringState(index, queue.base));
        channel.tell(FrontEndRequest.SET_VRING_ADDR, Payloads.vringAddress(index,
                queue.descriptorTable + FarMemory.USER, queue.deviceArea + FarMemory.USER,
                queue.driverArea + FarMemory.USER));
        queue.running = true; // with a kick descriptor it may look at the ring
        setKick(queue);
        channel.tell(FrontEndRequest.SET_VRING_ENABLE, Payloads.vringState(index, 1));
    }

    /** Says where kicks come from. */
    void setKick(FarQueue queue) throws FarException, LinuxException {
        setDescriptor(FrontEndRequest.SET_VRING_KICK, queue.index(), queue.kickDescriptor());
        settle();
    }

    /** Says where calls go: to the driver itself, to us, or nowhere. */
    void setCall(FarQueue queue) throws FarException {
        setDescriptor(FrontEndRequest.SET_VRING_CALL, queue.index(),
                queue.callDescriptor() != null ? queue.callDescriptor() : queue.callEvent());
        settle();
    }

    private void setDescriptor(FrontEndRequest request, int index, Fd descriptor) throws FarException {
        if (descriptor == null) {
            channel.tell(request, Payloads.u64(index | Payloads.NO_DESCRIPTOR));
        } else {
            channel.tell(request, Payloads.u64(index), descriptor);
        }
    }

    /** Stops a queue; returns the next entry of the available ring that it would have taken. */
    int stop(FarQueue queue) throws FarException {
        int index = queue.index();
        channel.tell(FrontEndRequest.SET_VRING_ENABLE, Payloads.vringState(index, 0));
        ByteBuffer reply = channel.ask(
                FrontEndRequest.GET_VRING_BASE, Payloads.vringState(index, 0), Payloads.VRING_STATE_BYTES);
        int answered = reply.getInt();
        int base = reply.getInt();
        if (answered != index || base < 0 || base > 0xffff) {
            throw FarException.violation("stopped queue " + index + " and says that queue "
                    + Integer.toUnsignedString(answered) + " goes on from " + Integer.toUnsignedString(base)
                    + ": expected 0 to 65535");
        }
        return base;
    }

    /** Resets the device as far as the protocol has words for it. No queue runs. */
    void reset() throws FarException {
        if (has(ProtocolFeature.RESET_DEVICE)) {
            channel.tell(FrontEndRequest.RESET_DEVICE, Payloads.NONE);
        }
        setStatus(0);
        settle();
    }

    // The record of requests in flight

    /** Has a record made. */
    FarRecord makeRecord(int queues, int queueSize) throws FarException {
        MessageChannel.WithDescriptor reply = channel.askForDescriptor(FrontEndRequest.GET_INFLIGHT_FD,
                Payloads.inflight(0, 0, queues, queueSize), Payloads.INFLIGHT_BYTES, Payloads.LEAST_INFLIGHT_BYTES);
        long size = reply.payload().getLong();
        long offset = reply.payload().getLong();
        int queuesThere = Short.toUnsignedInt(reply.payload().getShort());
        int entriesThere = Short.toUnsignedInt(reply.payload().getShort());
        FarRecord made = new FarRecord(reply.descriptor(), size, offset, queuesThere, entriesThere);
        try {
            made.check(queues, queueSize);
            return made;
        } catch (FarException e) {
            made.close();
            throw e;
        }
    }

    /** Has a record used, from the next start of each queue on. */
    void useRecord(FarRecord kept) throws FarException {
        channel.tell(FrontEndRequest.SET_INFLIGHT_FD,
                Payloads.inflight(kept.size(), kept.offset(), kept.queues(), kept.queueSize()), kept.file());
    }

    @Override
    public void close() {
        if (backChannel != null) {
            backChannel.close();
        }
        channel.close();
    }
}
