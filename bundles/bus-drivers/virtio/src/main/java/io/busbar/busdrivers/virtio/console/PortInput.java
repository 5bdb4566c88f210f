package io.busbar.busdrivers.virtio.console;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;

/** What comes from a port. */
final class PortInput extends InputStream {

    private static final int BYTE_MASK = 0xff;

    private final DrivenPort port;

    PortInput(DrivenPort port) {
        this.port = port;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        port.read(ByteBuffer.wrap(one));
        return one[0] & BYTE_MASK;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        return port.read(ByteBuffer.wrap(target, offset, length));
    }
}
