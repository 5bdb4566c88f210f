package io.busbar.backends.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A socket's bytes as they are. What the server said before it left is received, also when nothing can be sent to it any more: it may
 * be why it left.
 */
final class PlainWire implements Wire {

    private final SocketChannel channel;
    /** Why nothing can be sent any more; null while it can. */
    private IOException unsent;

    /** Uses a channel that does not block. */
    PlainWire(SocketChannel channel) {
        this.channel = channel;
    }

    @Override
    public int receive(ByteBuffer into) throws IOException {
        int got = channel.read(into);
        if (got == 0 && into.hasRemaining() && unsent != null) {
            throw unsent;
        }
        return got;
    }

    @Override
    public void send(ByteBuffer from) {
        if (unsent == null) {
            try {
                channel.write(from);
                return;
            } catch (IOException e) {
                unsent = e;
            }
        }
        from.position(from.limit());
    }

    @Override
    public boolean holdsBytes() {
        return false;
    }
}
