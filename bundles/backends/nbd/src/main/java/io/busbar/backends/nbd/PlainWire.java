package io.busbar.backends.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A socket's bytes as they are.
 *
 * @param channel non-blocking
 */
record PlainWire(SocketChannel channel) implements Wire {

    @Override
    public int receive(ByteBuffer into) throws IOException {
        return channel.read(into);
    }

    @Override
    public void send(ByteBuffer from) throws IOException {
        channel.write(from);
    }

    @Override
    public boolean holdsBytes() {
        return false;
    }
}
