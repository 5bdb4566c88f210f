package io.busbar.busdrivers.vhostuser;

import io.busbar.core.linux.Fd;
import io.busbar.core.linux.UnixStream;
import io.busbar.core.virtio.vhostuser.BackEndRequest;
import io.busbar.core.virtio.vhostuser.MessageLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The channel for requests of the back-end. A message that finds no room is dropped, as the front-end has not read the
 * ones before it, which say the same. Replies are not asked for.
 */
final class BackendChannel implements AutoCloseable {

    private final UnixStream stream;
    private final MemorySegment message = Arena.ofAuto().allocate(MessageLayout.HEADER_BYTES, Long.BYTES);

    BackendChannel(UnixStream stream) {
        this.stream = stream;
    }

    /** Says that the device's configuration changed. */
    void configChanged() {
        Message.writeHeader(message, BackEndRequest.CONFIG_CHANGE_MSG.id(), MessageLayout.VERSION, 0);
        stream.send(message.address(), MessageLayout.HEADER_BYTES);
    }

    Fd fd() {
        return stream.fd();
    }

    @Override
    public void close() {
        stream.close();
    }
}
