package io.busbar.backends.stream;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.backend.NetInfo;
import io.busbar.api.backend.PolledBackend;
import io.busbar.api.backend.SharableBackend;
import io.busbar.api.backend.WaitingFrame;
import io.busbar.core.linux.Epoll;
import java.lang.foreign.Arena;

/** A far end at a Unix stream socket, which comes and goes. It takes whole frames, with nothing left to be done to them. */
@BackendType(type = BackendType.NET, name = "stream", settings = "path SOCKET [listen on|off]")
public final class StreamBackend implements NetBackend, PolledBackend, SharableBackend {

    private static final NetInfo UP = new NetInfo(NetInfo.MAX_MTU, 1, false, false, true);
    private static final NetInfo DOWN = new NetInfo(NetInfo.MAX_MTU, 1, false, false, false);

    private final Arena arena = Arena.ofShared();
    private final FrameReceiver receiver = new FrameReceiver(arena);
    private final FarEnd farEnd;

    /**
     * Connects, or listens. A far end that is not there yet is no error: the link is down until it is.
     *
     * @param context the surroundings
     * @throws BackendException if the path can be none of a socket, is somebody else's, or may not be used
     */
    public StreamBackend(BackendContext context) throws BackendException {
        farEnd = FarEnd.open(context);
    }

    @Override
    public NetInfo info() {
        return farEnd.connection() == null ? DOWN : UP;
    }

    @Override
    public String linkDownReason() {
        return farEnd.trouble();
    }

    @Override
    public boolean transmit(int pair, NetFrame frame) {
        Connection now = farEnd.connection();
        return now == null || now.send(frame);
    }

    @Override
    public WaitingFrame peek(int pair) {
        return receiver.peek(farEnd.connection());
    }

    @Override
    public void taken(int pair) {
        receiver.taken();
    }

    /** Returns a set of descriptors, in which the socket of the day is: {@link Epoll} sets can be waited for themselves. */
    @Override
    public int readableDescriptor(int pair) {
        return farEnd.readable();
    }

    /** What was left of a frame is sent by the backend's thread, which then tells. */
    @Override
    public int writableDescriptor(int pair) {
        return -1;
    }

    @Override
    public void close() {
        farEnd.close();
        arena.close();
    }
}
