package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.VirtioIds;
import io.busbar.core.virtio.vhostuser.Payloads;
import io.busbar.core.virtio.vhostuser.ProtocolFeature;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The protocol of one connection: one message in, at most one reply out, in order.
 *
 * <p>A message with a reply of its own gets that. Any other gets an acknowledgement (0, or 1 if it was refused) if it asks
 * for one and REPLY_ACK is negotiated, which SET_PROTOCOL_FEATURES does for itself. A refused message with a reply of
 * its own that cannot be acknowledged ends the connection, as its sender would wait for ever.
 *
 * <p>Belongs to the device's lane.
 */
final class Session {

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    /** What this back-end can do; the record of requests in flight only with a device that shares it. */
    private static final Set<ProtocolFeature> FEATURES = EnumSet.of(
            ProtocolFeature.MQ, ProtocolFeature.REPLY_ACK, ProtocolFeature.BACKEND_REQ, ProtocolFeature.CONFIG,
            ProtocolFeature.INFLIGHT_SHMFD, ProtocolFeature.RESET_DEVICE, ProtocolFeature.CONFIGURE_MEM_SLOTS,
            ProtocolFeature.STATUS);
    /** A guest's write, and the restore of a migrated device. */
    private static final int WRITE_BY_GUEST = 0;
    private static final int WRITE_BY_MIGRATION = 1;
    private static final int MAX_REGIONS_IN_TABLE = 8;
    private static final int REFUSALS_LOGGED = 8;
    private static final long OK = 0;
    private static final long REFUSED = 1;

    private final VdpaDevice device;
    private final VdpaConfigOps ops;
    private final Connection connection;
    private final Translation translation;
    private final Supplier<Settings> settings;
    private final long offered;
    private long negotiated;
    private BackendChannel channel;
    private int unknownMessages;
    private int refusals;

    Session(VdpaDevice device, Connection connection, Translation translation, Supplier<Settings> settings) {
        this.device = device;
        this.ops = device.ops();
        this.connection = connection;
        this.translation = translation;
        this.settings = settings;
        this.offered = offer(translation);
    }

    private static long offer(Translation translation) {
        EnumSet<ProtocolFeature> features = EnumSet.copyOf(FEATURES);
        if (!translation.inflight().isOffered()) {
            features.remove(ProtocolFeature.INFLIGHT_SHMFD);
        }
        return ProtocolFeature.masks(features);
    }

    /** Brings the device to a known state, before the first message. */
    void begin() throws VdpaException {
        translation.begin();
    }

    /**
     * Handles one message and answers it. Descriptors that it does not take stay the message's.
     *
     * @throws ProtocolException if the connection cannot go on
     */
    void handle(Message message) throws ProtocolException {
        noticeBreakdown();
        Optional<Request> request = Request.of(message.id());
        if (request.isEmpty()) {
            refuseUnknown(message);
            return;
        }
        try {
            request.get().check(message, negotiated);
            Optional<byte[]> reply = dispatch(request.get(), message);
            if (reply.isPresent()) {
                connection.reply(message.id(), reply.get(), List.of());
            } else if (!request.get().hasReply()) {
                acknowledge(message, OK);
            }
        } catch (RefusedException e) {
            refuse(request.get(), message, e);
        }
    }

    /** The device's configuration or its state changed. */
    void deviceChanged() throws ProtocolException {
        noticeBreakdown();
        if (channel != null && ProtocolFeature.CONFIG.in(negotiated)) {
            channel.configChanged();
        }
    }

    /** Gives the device back; can be called again if it fails. */
    void end() throws VdpaException {
        if (channel != null) {
            channel.close();
            channel = null;
        }
        translation.end();
    }

    // To and from another process

    /**
     * Stops all rings, and writes what another session needs to go on.
     *
     * @throws ProtocolException if a ring does not stop
     */
    void suspend(SessionWriter to) throws ProtocolException {
        noticeBreakdown();
        translation.suspend();
        to.number(negotiated).number(unknownMessages).number(refusals).descriptor(channel == null ? null : channel.fd());
        translation.save(to);
    }

    /** Goes on from where another session was suspended; rings are started by {@link #resume()}. */
    void restore(SessionReader from) throws RefusedException, ProtocolException {
        negotiated = from.number();
        unknownMessages = from.number(0, Integer.MAX_VALUE);
        refusals = from.number(0, Integer.MAX_VALUE);
        channel = from.descriptor().map(fd -> new BackendChannel(UnixStream.adopt(fd))).orElse(null);
        if ((negotiated & ~offered) != 0) {
            throw new RefusedException("protocol features 0x" + Long.toHexString(negotiated)
                    + " were negotiated: expected a subset of 0x" + Long.toHexString(offered));
        }
        translation.restore(from, settings.get().memoryPolicy());
    }

    /** Starts the rings that were suspended. */
    void resume() throws RefusedException, ProtocolException {
        translation.resume();
    }

    private void noticeBreakdown() throws ProtocolException {
        if (!translation.noticeBreakdown()) {
            return;
        }
        LOG.warn("{}: the device needs a reset", device.name());
        if (translation.memory().shrunk()) {
            throw new ProtocolException("the front-end's memory file has shrunk under its mapping");
        }
    }

    /** Returns the reply, or empty where there is none, or it was sent already. */
    private Optional<byte[]> dispatch(Request request, Message message) throws RefusedException, ProtocolException {
        switch (request) {
            case SET_OWNER, RESET_OWNER, SET_LOG_FD -> { }
            case SET_FEATURES -> translation.setFeatures(message.u64(0));
            case SET_PROTOCOL_FEATURES -> setProtocolFeatures(message.u64(0));
            case SET_MEM_TABLE -> setMemoryTable(message);
            case ADD_MEM_REG -> addRegion(message);
            case REM_MEM_REG -> removeRegion(GuestRegion.Shape.read(message, Payloads.TABLE_HEADER_BYTES));
            case SET_VRING_NUM -> translation.setSize(message.u32(0), message.u32(4));
            case SET_VRING_BASE -> translation.setBase(message.u32(0), message.u32(4));
            case SET_VRING_ADDR -> translation.setAddresses(message.u32(0),
                    new RingAddresses(message.u64(8), message.u64(24), message.u64(16)));
            case SET_VRING_ENABLE -> translation.setEnabled(message.u32(0), message.u32(4));
            case SET_VRING_KICK -> translation.setKick(ringOfDescriptor(message), message);
            case SET_VRING_CALL -> translation.setCall(ringOfDescriptor(message), message);
            case SET_VRING_ERR -> translation.setError(ringOfDescriptor(message), message);
            case SET_BACKEND_REQ_FD -> setChannel(message);
            case SET_CONFIG -> setConfig(message);
            case SET_INFLIGHT_FD -> translation.inflight().set(
                    message, message.u64(0), message.u64(8), message.u16(16), message.u16(18));
            case GET_INFLIGHT_FD -> replyInflight(message);
            case RESET_DEVICE -> translation.resetByFrontEnd();
            case SET_STATUS -> translation.setStatus(message.u8(0));
            case GET_FEATURES -> {
                return u64(translation.offeredFeatures());
            }
            case GET_PROTOCOL_FEATURES -> {
                return u64(offered);
            }
            case GET_QUEUE_NUM -> {
                return u64(device.deviceId() == VirtioIds.VIRTIO_ID_NET ? device.vqCount() / 2 : device.vqCount());
            }
            case GET_MAX_MEM_SLOTS -> {
                return u64(Translation.MEMORY_SLOTS);
            }
            case GET_STATUS -> {
                return u64(translation.status());
            }
            case GET_VRING_BASE -> {
                return Optional.of(Payloads.vringState(message.u32(0), translation.stopAndGetBase(message.u32(0))));
            }
            case GET_CONFIG -> {
                return Optional.of(config(message));
            }
        }
        return Optional.empty();
    }

    private static Optional<byte[]> u64(long value) {
        return Optional.of(Payloads.u64(value));
    }

    // Answers

    private void acknowledge(Message message, long result) throws ProtocolException {
        if (wantsAcknowledgement(message)) {
            connection.reply(message.id(), Payloads.u64(result), List.of());
        }
    }

    /** A refused SET_PROTOCOL_FEATURES is answered by the features that its sender believes in already. */
    private boolean wantsAcknowledgement(Message message) {
        boolean asksForIt = message.id() == Request.SET_PROTOCOL_FEATURES.id() && message.size() >= Long.BYTES
                && ProtocolFeature.REPLY_ACK.in(message.u64(0));
        return message.needReply() && (asksForIt || ProtocolFeature.REPLY_ACK.in(negotiated));
    }

    private void refuse(Request request, Message message, RefusedException why) throws ProtocolException {
        if (refusals++ < REFUSALS_LOGGED) {
            LOG.warn("{}: {} refused: {}", device.name(), request, why.getMessage());
        }
        if (request.hasReply() && !wantsAcknowledgement(message)) {
            throw new ProtocolException(request + " refused: " + why.getMessage());
        }
        acknowledge(message, REFUSED);
    }

    private void refuseUnknown(Message message) throws ProtocolException {
        int budget = settings.get().unknownMessageBudget();
        if (wantsAcknowledgement(message)) {
            acknowledge(message, REFUSED);
        } else if (++unknownMessages > budget) {
            throw new ProtocolException("more than " + budget + " messages that are not known, the last with id "
                    + Integer.toUnsignedString(message.id()));
        }
    }

    // Requests

    private void setProtocolFeatures(long features) throws RefusedException {
        if ((features & ~offered) != 0) {
            throw new RefusedException("protocol features 0x" + Long.toHexString(features) + ": expected a subset of 0x"
                    + Long.toHexString(offered));
        }
        negotiated = features;
    }

    private void setMemoryTable(Message message) throws RefusedException, ProtocolException {
        long count = message.u32(0);
        if (count < 1 || count > MAX_REGIONS_IN_TABLE || message.descriptorCount() != count) {
            throw new RefusedException(count + " regions with " + message.descriptorCount()
                    + " descriptors: expected 1 to " + MAX_REGIONS_IN_TABLE + " with as many");
        }
        if (message.size() < Payloads.TABLE_HEADER_BYTES + Payloads.REGION_BYTES * count) {
            throw new RefusedException("a payload of " + message.size() + " bytes for " + count + " regions");
        }
        List<GuestRegion.Shape> shapes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            GuestRegion.Shape shape = GuestRegion.Shape.read(message, Payloads.TABLE_HEADER_BYTES + Payloads.REGION_BYTES * i);
            checkRegion(shape, shapes);
            shapes.add(shape);
        }
        translation.setMemory(GuestMemory.of(map(shapes, message)));
    }

    /** QEMU brings each region of a network device's memory once for each queue pair, and takes it away as often. */
    private void addRegion(Message message) throws RefusedException, ProtocolException {
        GuestMemory memory = translation.memory();
        GuestRegion.Shape shape = GuestRegion.Shape.read(message, Payloads.TABLE_HEADER_BYTES);
        Optional<GuestRegion> known = memory.find(shape);
        if (known.isPresent() && known.get().is(shape, message.descriptor())) {
            known.get().use();
            return;
        }
        if (memory.regions().size() >= Translation.MEMORY_SLOTS) {
            throw new RefusedException(shape + ": all " + Translation.MEMORY_SLOTS + " slots are taken");
        }
        checkRegion(shape, memory.shapes());
        translation.setMemory(memory.with(map(List.of(shape), message).getFirst()));
    }

    private void removeRegion(GuestRegion.Shape shape) throws RefusedException, ProtocolException {
        GuestMemory memory = translation.memory();
        GuestRegion region = memory.find(shape).orElseThrow(() -> new RefusedException("there is no " + shape));
        if (!region.disuse()) {
            return;
        }
        try {
            translation.setMemory(memory.without(region));
        } catch (RefusedException e) {
            region.use();
            throw e;
        }
    }

    private void checkRegion(GuestRegion.Shape shape, List<GuestRegion.Shape> others) throws RefusedException {
        shape.check();
        long room = settings.get().maxMappedBytes();
        for (GuestRegion.Shape other : others) {
            if (shape.overlaps(other)) {
                throw new RefusedException(shape + " overlaps " + other);
            }
            room -= other.size();
        }
        if (shape.size() > room) {
            throw new RefusedException(shape + ": more than the " + settings.get().maxMappedBytes()
                    + " bytes that may be mapped for a device");
        }
    }

    private List<GuestRegion> map(List<GuestRegion.Shape> shapes, Message message) throws RefusedException {
        List<GuestRegion> mapped = new ArrayList<>();
        try {
            for (GuestRegion.Shape shape : shapes) {
                mapped.add(GuestRegion.map(shape, message.descriptor(), settings.get().memoryPolicy()));
                message.takeDescriptor();
            }
            return mapped;
        } catch (RefusedException e) {
            mapped.forEach(GuestRegion::close);
            throw e;
        }
    }

    /** The ring of a message that carries a descriptor, or says that it carries none. */
    private static long ringOfDescriptor(Message message) throws RefusedException {
        long value = message.u64(0);
        if ((value & ~(Payloads.RING_MASK | Payloads.NO_DESCRIPTOR)) != 0) {
            throw new RefusedException("ring and flags 0x" + Long.toHexString(value) + ": expected bits 0 to 8");
        }
        int expected = (value & Payloads.NO_DESCRIPTOR) == 0 ? 1 : 0;
        if (message.descriptorCount() != expected) {
            throw new RefusedException(message.descriptorCount() + " descriptors: expected " + expected);
        }
        return value & Payloads.RING_MASK;
    }

    private void setChannel(Message message) throws RefusedException {
        Fd fd = message.descriptor();
        try {
            if (fd.kind() != FdKind.SOCKET) {
                throw new RefusedException("the back-end's channel is " + fd.kind() + ", expected a socket");
            }
        } catch (LinuxException e) {
            throw new RefusedException(e.getMessage(), e);
        }
        if (channel != null) {
            channel.close();
        }
        channel = new BackendChannel(UnixStream.adopt(message.takeDescriptor()));
    }

    /** No payload at all says that the range is wrong. Bytes past the device's configuration are 0. */
    private byte[] config(Message message) {
        long offset = message.u32(0);
        long size = message.u32(4);
        if (size > Payloads.MOST_CONFIG_BYTES || offset + size > Payloads.MOST_CONFIG_BYTES) {
            return Payloads.NONE;
        }
        byte[] bytes = new byte[(int) size];
        ops.getConfig((int) offset, bytes);
        return Payloads.config((int) offset, (int) message.u32(8), bytes);
    }

    private void setConfig(Message message) throws RefusedException {
        long offset = message.u32(0);
        long size = message.u32(4);
        long kind = message.u32(8);
        if (size > Payloads.MOST_CONFIG_BYTES || offset + size > Payloads.MOST_CONFIG_BYTES || size > message.size() - Payloads.CONFIG_HEADER_BYTES) {
            throw new RefusedException("configuration at " + offset + ", " + size + " bytes in a payload of "
                    + message.size() + ": expected up to " + Payloads.MOST_CONFIG_BYTES + " bytes, all there");
        }
        if (kind != WRITE_BY_GUEST && kind != WRITE_BY_MIGRATION) {
            throw new RefusedException("configuration with flags " + kind + ": expected 0 or 1");
        }
        try {
            ops.setConfig((int) offset, message.bytes(Payloads.CONFIG_HEADER_BYTES, (int) size));
        } catch (VdpaException e) {
            // A migrated device writes back all of its configuration: what cannot be written is the same here.
            if (kind == WRITE_BY_GUEST) {
                throw new RefusedException("configuration at " + offset + ", " + size + " bytes: " + e.getMessage(), e);
            }
        }
    }

    /** A size of 0 and no descriptor say that there is no record. */
    private void replyInflight(Message message) throws ProtocolException {
        InflightArea area;
        try {
            area = translation.inflight().create(message.u16(16), message.u16(18));
        } catch (RefusedException e) {
            LOG.warn("{}: {}", device.name(), e.getMessage());
            connection.reply(message.id(), Payloads.inflight(0, 0, 0, 0), List.of());
            return;
        }
        try (Fd file = Fd.own(area.descriptor())) {
            connection.reply(message.id(),
                    Payloads.inflight(area.size(), area.offset(), area.queues(), area.queueSize()), List.of(file));
        }
    }
}
