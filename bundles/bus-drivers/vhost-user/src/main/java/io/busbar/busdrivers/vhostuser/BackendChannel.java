package io.busbar.busdrivers.vhostuser;

import io.busbar.core.linux.UnixStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The channel for requests of the back-end. A message that finds no room is dropped, as the front-end has not read the
 * ones before it, which say the same. Replies are not asked for.
 */
final class BackendChannel implements AutoCloseable {

    private static final int CONFIG_CHANGE_MSG = 2;

    private final UnixStream stream;
    private final MemorySegment message = Arena.ofAuto().allocate(Message.HEADER, Long.BYTES);

    BackendChannel(UnixStream stream) {
        this.stream = stream;
    }

    /** Says that the device's configuration changed. */
    void configChanged() {
        Message.writeHeader(message, CONFIG_CHANGE_MSG, Message.VERSION, 0);
        stream.send(message.address(), Message.HEADER);
    }

    @Override
    public void close() {
        stream.close();
    }
}
