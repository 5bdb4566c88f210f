package io.busbar.tools.shell.fake;

import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.TerminalSize;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A console that is driven, whose one port gives back what is written to it. */
public final class FakeConsole implements ConsoleDriver, ConsoleDriver.Port {

    /** What was written. */
    public final ByteArrayOutputStream written = new ByteArrayOutputStream();
    /** What is there to read. */
    public ByteBuffer input = ByteBuffer.allocate(0);
    /** Bytes that the device still takes. */
    public int room = Integer.MAX_VALUE;
    /** Whether the device has taken what was given. */
    public boolean takes = true;

    @Override
    public String device() {
        return "con0";
    }

    @Override
    public String bus() {
        return "host";
    }

    @Override
    public boolean isUp() {
        return true;
    }

    @Override
    public List<Port> ports() {
        return List.of(this);
    }

    @Override
    public int maxPorts() {
        return 1;
    }

    @Override
    public Optional<Port> port(String name, Duration patience) {
        return Optional.<Port>of(this).filter(_ -> name.equals(name()));
    }

    @Override
    public Optional<TerminalSize> size() {
        return Optional.of(new TerminalSize(80, 24));
    }

    @Override
    public boolean canWriteInEmergency() {
        return true;
    }

    @Override
    public void emergencyWrite(byte value) {
        throw new UnsupportedOperationException("no command does that");
    }

    @Override
    public int index() {
        return 0;
    }

    @Override
    public String name() {
        return "console";
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public synchronized int poll(ByteBuffer target) {
        int before = target.position();
        while (target.hasRemaining() && input.hasRemaining()) {
            target.put(input.get());
        }
        return target.position() - before;
    }

    @Override
    public int read(ByteBuffer target) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    /** What is not there now never comes. */
    @Override
    public synchronized boolean awaitReadable(Duration patience) {
        return input.hasRemaining();
    }

    @Override
    public synchronized int offer(ByteBuffer source) {
        int count = Math.min(room, source.remaining());
        room -= count;
        for (int i = 0; i < count; i++) {
            written.write(source.get());
        }
        return count;
    }

    @Override
    public void write(ByteBuffer source) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public boolean flush(Duration patience) {
        return takes;
    }

    @Override
    public void close() {
    }

    @Override
    public InputStream input() {
        throw new UnsupportedOperationException("no command does that");
    }

    @Override
    public OutputStream output() {
        throw new UnsupportedOperationException("no command does that");
    }
}
