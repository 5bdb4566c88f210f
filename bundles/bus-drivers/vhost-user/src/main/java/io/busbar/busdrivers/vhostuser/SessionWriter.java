package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.Handover;
import io.busbar.core.linux.Fd;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Writes what a binding hands over: numbers in the order in which {@link SessionReader} reads them, and descriptors beside them. */
final class SessionWriter {

    /** Of the record. Another order, or another value, is another version. */
    static final int VERSION = 1;
    static final String FORMAT = "vhost-user binding";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);
    private final List<Integer> descriptors = new ArrayList<>();

    SessionWriter flag(boolean value) {
        return number(value ? 1 : 0);
    }

    SessionWriter number(long value) {
        try {
            out.writeLong(value);
            return this;
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    SessionWriter bytes(byte[] value) {
        number(value.length);
        bytes.writeBytes(value);
        return this;
    }

    /** Writes a descriptor, which stays its owner's; null where there is none. */
    SessionWriter descriptor(Fd fd) {
        flag(fd != null);
        if (fd != null) {
            descriptors.add(fd.number());
        }
        return this;
    }

    Handover toHandover() {
        return new Handover(FORMAT, VERSION, bytes.toByteArray(), descriptors);
    }
}
