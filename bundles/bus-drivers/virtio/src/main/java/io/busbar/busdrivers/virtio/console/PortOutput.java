package io.busbar.busdrivers.virtio.console;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;

/** What goes to a port. */
final class PortOutput extends OutputStream {

    private static final Duration AGAIN = Duration.ofMinutes(1);

    private final DrivenPort port;

    PortOutput(DrivenPort port) {
        this.port = port;
    }

    @Override
    public void write(int value) throws IOException {
        port.write(ByteBuffer.wrap(new byte[] {(byte) value}));
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        port.write(ByteBuffer.wrap(source, offset, length));
    }

    @Override
    public void flush() throws IOException {
        while (!port.flush(AGAIN)) {
            // The device has it still.
        }
    }

    @Override
    public void close() throws IOException {
        flush();
    }
}
