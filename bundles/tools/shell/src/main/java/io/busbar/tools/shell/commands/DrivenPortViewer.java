package io.busbar.tools.shell.commands;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DriverException;
import io.busbar.api.vdpa.ConsoleViewer;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/** A port that is driven here, as somebody who looks at it sees it: from the driver's side, alone, with a size that nobody asks for. */
final class DrivenPortViewer implements ConsoleViewer {

    private final ConsoleDriver.Port port;
    private volatile boolean ended;

    DrivenPortViewer(ConsoleDriver.Port port) {
        this.port = port;
    }

    @Override
    public void await(long nanos) throws InterruptedException {
        try {
            port.awaitReadable(Duration.ofNanos(nanos));
        } catch (InterruptedIOException _) {
            throw new InterruptedException();
        }
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        try {
            return ended ? ENDED : port.poll(ByteBuffer.wrap(target, offset, length));
        } catch (DriverException _) {
            return ENDED;
        }
    }

    @Override
    public long missed() {
        return 0;
    }

    /** What a reset may have lost is not typed again: who types sees that it is not there. */
    @Override
    public int type(byte[] source, int offset, int length) {
        try {
            return port.offer(ByteBuffer.wrap(source, offset, length));
        } catch (DriverException e) {
            ended = e.kind() == DriverException.Kind.GONE;
            return 0;
        }
    }

    @Override
    public boolean types() {
        return true;
    }

    @Override
    public String typist() {
        return "";
    }

    @Override
    public void resize(int columns, int rows) {
        // The size is the other end's.
    }

    @Override
    public void close() {
        ended = true;
    }
}
