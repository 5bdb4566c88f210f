package io.busbar.backends.socket;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendState;
import io.busbar.core.linux.Fd;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What a port hands over: three numbers of 32 bits, big-endian, and up to three descriptors.
 *
 * @param visits   how many have come
 * @param listener the socket that listens
 * @param current  who is there
 * @param leaving  who has left, and sent what was not read yet
 */
record PortState(int visits, Fd listener, Optional<Connected> current, Optional<Connected> leaving) {

    /** Of the record. Another order, or another value, is another version. */
    static final int VERSION = 1;
    private static final int BYTES = 3 * Integer.BYTES;
    private static final int NONE = 0;

    /**
     * A connection.
     *
     * @param number which visit it is, from 1
     * @param fd     its socket
     */
    record Connected(int number, Fd fd) {}

    static BackendState write(List<PortState> ports) {
        ByteBuffer content = ByteBuffer.allocate(BYTES * ports.size());
        List<Integer> descriptors = new ArrayList<>();
        for (PortState port : ports) {
            content.putInt(port.visits);
            descriptors.add(port.listener.number());
            for (Optional<Connected> connected : List.of(port.current, port.leaving)) {
                content.putInt(connected.map(Connected::number).orElse(NONE));
                connected.ifPresent(one -> descriptors.add(one.fd().number()));
            }
        }
        return new BackendState(VERSION, content.array(), descriptors);
    }

    static List<PortState> read(BackendState state, int ports) throws BackendException {
        state.require(VERSION, BYTES * ports, state.descriptors().size());
        ByteBuffer content = ByteBuffer.wrap(state.content());
        Iterator<Integer> descriptors = state.descriptors().iterator();
        List<PortState> read = new ArrayList<>();
        for (int left = ports; left > 0; left--) {
            read.add(new PortState(content.getInt(), next(state, descriptors), connected(state, content, descriptors),
                    connected(state, content, descriptors)));
        }
        return read;
    }

    private static Optional<Connected> connected(BackendState state, ByteBuffer content, Iterator<Integer> descriptors)
            throws BackendException {
        int number = content.getInt();
        return number == NONE ? Optional.empty() : Optional.of(new Connected(number, next(state, descriptors)));
    }

    private static Fd next(BackendState state, Iterator<Integer> descriptors) throws BackendException {
        if (!descriptors.hasNext()) {
            throw new BackendException(BackendException.Kind.FAILED, "what was handed over is " + state + ": it tells of more descriptors");
        }
        return Fd.own(descriptors.next());
    }
}
