package io.busbar.busdrivers.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.MemFd;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import io.busbar.core.virtio.vhostuser.Payloads;
import io.busbar.core.virtio.vhostuser.ProtocolFeature;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Supplier;

/**
 * A front-end that sets up a fresh device's rings, has nothing to say, and is handed over: what its binding hands over is what one
 * that is in use does. The front-end's end of the socket, its memory and the descriptors that it gave stay here.
 *
 * <p>One thread; the device is nobody else's meanwhile.
 */
final class Rehearsal implements AutoCloseable {

    /* Three addresses that differ, as a front-end's do; which ones makes no difference. */
    private static final long GUEST = 1L << 32;
    private static final long USER = 1L << 40;
    private static final int ENTRIES = 64;
    /** Of each ring: a page for each of its parts is room enough. */
    private static final long PART_BYTES = 4096;
    private static final long RING_BYTES = 3 * PART_BYTES;

    private final VdpaDevice device;
    private final Supplier<Settings> settings;
    private final KickWaiter kicks;
    private List<UnixStream> ends = List.of();

    Rehearsal(VdpaDevice device, Supplier<Settings> settings, KickWaiter kicks) {
        this.device = device;
        this.settings = settings;
        this.kicks = kicks;
    }

    /**
     * Has the device used, and stopped.
     *
     * @return what {@link DeviceBinding#rehearse} takes; its descriptors are the receiver's
     */
    Handover run() throws VdpaException {
        try {
            ends = UnixStream.pair();
            Translation translation = new Translation(device, kicks, () -> { });
            try (Connection connection = new Connection(UnixStream.adopt(Fd.duplicateOf(ends.getFirst().fd().number())))) {
                Session session = new Session(device, connection, translation, settings);
                return handOver(session, connection, translation);
            }
        } catch (LinuxException | ProtocolException | RefusedException e) {
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, "it cannot be used: " + e.getMessage(), e);
        }
    }

    private Handover handOver(Session session, Connection connection, Translation translation)
            throws VdpaException, ProtocolException, RefusedException, LinuxException {
        try {
            session.begin();
            session.handle(message(Request.SET_PROTOCOL_FEATURES,
                    Payloads.u64(ProtocolFeature.masks(EnumSet.of(ProtocolFeature.BACKEND_REQ, ProtocolFeature.CONFIG))), List.of()));
            session.handle(message(
                    Request.SET_BACKEND_REQ_FD, Payloads.NONE, List.of(Fd.duplicateOf(ends.getFirst().fd().number()))));
            setUp(translation);
            SessionWriter to = new SessionWriter();
            to.flag(true);
            connection.save(to);
            session.suspend(to);
            return duplicate(to.toHandover());
        } finally {
            session.end();
        }
    }

    private void setUp(Translation translation) throws ProtocolException, RefusedException, LinuxException {
        translation.setFeatures(translation.offeredFeatures());
        long bytes = RING_BYTES * device.vqCount();
        try (Fd file = MemFd.create("busbar-rehearsal", bytes, true)) {
            GuestRegion.Shape shape = new GuestRegion.Shape(GUEST, bytes, USER, 0);
            translation.setMemory(GuestMemory.of(List.of(
                    GuestRegion.map(shape, Fd.duplicateOf(file.number()), settings.get().memoryPolicy()))));
        }
        int entries = Math.min(ENTRIES, device.ops().getVqNumMax());
        for (int index = 0; index < device.vqCount(); index++) {
            long first = USER + index * RING_BYTES;
            translation.setSize(index, entries);
            translation.setBase(index, 0);
            translation.setAddresses(index, new RingAddresses(first, first + PART_BYTES, first + 2 * PART_BYTES));
            translation.setCall(index, message(Request.SET_VRING_CALL, Payloads.u64(index), List.of(EventFd.create())));
            translation.setKick(index, message(Request.SET_VRING_KICK, Payloads.u64(index), List.of(EventFd.create())));
            translation.setEnabled(index, 1);
        }
    }

    private static Message message(Request request, byte[] payload, List<Fd> descriptors) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[MessageLayout.HEADER_BYTES + payload.length]);
        Message.writeHeader(bytes, request.id(), MessageLayout.VERSION, payload.length);
        MemorySegment.copy(payload, 0, bytes, JAVA_BYTE, MessageLayout.HEADER_BYTES, payload.length);
        return new Message(bytes, descriptors);
    }

    /** The session closes its own when it ends. */
    private static Handover duplicate(Handover state) throws LinuxException {
        List<Integer> descriptors = new ArrayList<>();
        for (int descriptor : state.descriptors()) {
            descriptors.add(Fd.duplicateOf(descriptor).number());
        }
        return new Handover(state.format(), state.version(), state.content(), descriptors);
    }

    @Override
    public void close() {
        ends.forEach(UnixStream::close);
    }
}
