package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Fd;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/** Reads what {@link SessionWriter} wrote in another process. Owns the descriptors until they are taken. */
final class SessionReader implements AutoCloseable {

    private final ByteBuffer bytes;
    private final Queue<Fd> descriptors = new ArrayDeque<>();

    /**
     * Begins to read.
     *
     * @throws VdpaException EINVAL if it is of another format or version
     */
    SessionReader(Handover record) throws VdpaException {
        record.descriptors().forEach(number -> descriptors.add(Fd.own(number)));
        bytes = ByteBuffer.wrap(record.content());
        try {
            record.require(SessionWriter.FORMAT, SessionWriter.VERSION);
        } catch (VdpaException unknown) {
            close();
            throw unknown;
        }
    }

    boolean flag() throws RefusedException {
        return number(0, 1) == 1;
    }

    /** Reads a number of any value. */
    long number() throws RefusedException {
        try {
            return bytes.getLong();
        } catch (BufferUnderflowException e) {
            throw new RefusedException("the record of a binding ends after " + bytes.limit() + " bytes: expected more", e);
        }
    }

    int number(int least, int most) throws RefusedException {
        long value = number();
        if (value < least || value > most) {
            throw new RefusedException("number " + value + " in the record of a binding: expected " + least + " to " + most);
        }
        return (int) value;
    }

    byte[] bytes(int most) throws RefusedException {
        byte[] value = new byte[number(0, Math.min(most, bytes.remaining()))];
        if (value.length > bytes.remaining()) {
            throw new RefusedException("the record of a binding ends after " + bytes.limit() + " bytes: expected more");
        }
        bytes.get(value);
        return value;
    }

    /** Takes the next descriptor, which is the caller's, if there is one in this place. */
    Optional<Fd> descriptor() throws RefusedException {
        if (!flag()) {
            return Optional.empty();
        }
        if (descriptors.isEmpty()) {
            throw new RefusedException("a descriptor is missing that the record of a binding tells of");
        }
        return Optional.of(descriptors.remove());
    }

    Fd neededDescriptor() throws RefusedException {
        return descriptor().orElseThrow(() -> new RefusedException("the record of a binding lacks a descriptor"));
    }

    /** Says that all was read. */
    void end() throws RefusedException {
        if (bytes.hasRemaining() || !descriptors.isEmpty()) {
            throw new RefusedException("the record of a binding has " + bytes.remaining() + " bytes and " + descriptors.size()
                    + " descriptors too many");
        }
    }

    /** Closes the descriptors that nobody took. */
    @Override
    public void close() {
        descriptors.forEach(Fd::close);
        descriptors.clear();
    }
}
