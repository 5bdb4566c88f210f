package io.busbar.backends.pty;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * What a port hands over: two numbers of 32 bits, big-endian, and a descriptor.
 *
 * @param visits     how many have come
 * @param visitor    who is there, as {@link io.busbar.api.backend.ConsoleBackend#visitor}
 * @param descriptor our end of the terminal
 */
record PortState(int visits, int visitor, int descriptor) {

    /** Of the record. Another order, or another value, is another version. */
    static final int VERSION = 1;
    private static final int BYTES = 2 * Integer.BYTES;

    static BackendState write(List<PortState> ports) {
        ByteBuffer content = ByteBuffer.allocate(BYTES * ports.size());
        ports.forEach(port -> content.putInt(port.visits).putInt(port.visitor));
        return new BackendState(VERSION, content.array(), ports.stream().map(PortState::descriptor).toList());
    }

    static List<PortState> read(BackendState state, int ports) throws BackendException {
        state.require(VERSION, BYTES * ports, ports);
        ByteBuffer content = ByteBuffer.wrap(state.content());
        List<PortState> read = new ArrayList<>();
        for (int descriptor : state.descriptors()) {
            read.add(new PortState(content.getInt(), content.getInt(), descriptor));
        }
        return read;
    }
}
