package io.busbar.devices.console;

import io.busbar.api.device.ModelState;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A console's state as a record for another model: each part writes, and reads, its own. */
final class StateRecord {

    static final String FORMAT = "virtio-console";
    static final int VERSION = 1;

    private StateRecord() {}

    /** Writes all parts. */
    @FunctionalInterface
    interface Writer {
        void write(DataOutput to) throws IOException;
    }

    /** Reads all parts. */
    @FunctionalInterface
    interface Reader {
        void read(DataInput from) throws IOException;
    }

    static ModelState of(Writer parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            parts.write(new DataOutputStream(bytes));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return new ModelState(FORMAT, VERSION, bytes.toByteArray());
    }

    /**
     * Reads one.
     *
     * @throws VdpaException if it is not known, or makes no sense
     */
    static void read(ModelState saved, Reader parts) throws VdpaException {
        if (!saved.format().equals(FORMAT) || saved.version() != VERSION) {
            throw unknown(saved, "expected " + FORMAT + " version " + VERSION, null);
        }
        ByteArrayInputStream bytes = new ByteArrayInputStream(saved.content());
        try {
            parts.read(new DataInputStream(bytes));
            if (bytes.available() > 0) {
                throw new IOException(bytes.available() + " bytes too many");
            }
        } catch (IOException malformed) {
            throw unknown(saved, "its content makes no sense: " + malformed.getMessage(), malformed);
        }
    }

    /** Reads bytes that are preceded by their number, which has a limit. */
    static byte[] bytes(DataInput from, int most) throws IOException {
        int length = from.readInt();
        if (length < 0 || length > most) {
            throw new IOException(length + " bytes where at most " + most + " can be");
        }
        byte[] bytes = new byte[length];
        from.readFully(bytes);
        return bytes;
    }

    private static VdpaException unknown(ModelState saved, String why, IOException cause) {
        return new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, "state " + saved + ": " + why, cause);
    }
}
