package io.busbar.devices.net;

import static io.busbar.core.virtio.net.VirtioNet.GUEST_OFFLOADS;

import io.busbar.api.device.ModelState;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * A {@link DriverState} as a record for another model. Version 1, big-endian: features and offloads (64 bits each), address (64),
 * pairs (32), whether an announcement is asked for (8), and the filter: modes (32), then the tables of unicast addresses, multicast
 * addresses and VLANs, each with its length (32; -1 for a table that lets all pass) and 64 bits for each entry.
 */
final class StateRecord {

    static final String FORMAT = "virtio-net";
    static final int VERSION = 1;

    private StateRecord() {}

    static ModelState of(DriverState state) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream to = new DataOutputStream(bytes);
        try {
            to.writeLong(state.features());
            to.writeLong(state.offloads());
            to.writeLong(state.mac());
            to.writeInt(state.pairs());
            to.writeBoolean(state.announce());
            state.filter().write(to);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return new ModelState(FORMAT, VERSION, bytes.toByteArray());
    }

    /**
     * Reads one.
     *
     * @param saved    the record
     * @param accepted the features that the driver accepted
     * @param maxPairs the pairs that the device has
     * @throws VdpaException if it is not known, or is not of this driver
     */
    static DriverState read(ModelState saved, long accepted, int maxPairs) throws VdpaException {
        if (!saved.format().equals(FORMAT) || saved.version() != VERSION) {
            throw unknown(saved, "expected " + FORMAT + " version " + VERSION, null);
        }
        ByteArrayInputStream bytes = new ByteArrayInputStream(saved.content());
        DataInputStream from = new DataInputStream(bytes);
        try {
            DriverState state = read(from);
            require(bytes.available() == 0, bytes.available() + " bytes too many");
            require(state.features() == accepted, "features 0x" + Long.toHexString(state.features())
                    + " where the driver accepted 0x" + Long.toHexString(accepted));
            require((state.offloads() & ~(accepted & GUEST_OFFLOADS)) == 0,
                    "offloads 0x" + Long.toHexString(state.offloads()));
            require(state.pairs() >= 1 && state.pairs() <= maxPairs, state.pairs() + " pairs");
            return state;
        } catch (IOException malformed) {
            throw unknown(saved, "its content makes no sense: " + malformed.getMessage(), malformed);
        }
    }

    private static DriverState read(DataInputStream from) throws IOException {
        long features = from.readLong();
        long offloads = from.readLong();
        long mac = from.readLong();
        int pairs = from.readInt();
        boolean announce = from.readBoolean();
        return new DriverState(features, offloads, RxFilter.read(from), mac, pairs, announce);
    }

    private static void require(boolean sound, String otherwise) throws IOException {
        if (!sound) {
            throw new IOException(otherwise);
        }
    }

    private static VdpaException unknown(ModelState saved, String why, IOException cause) {
        return new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, "state " + saved + ": " + why, cause);
    }
}
