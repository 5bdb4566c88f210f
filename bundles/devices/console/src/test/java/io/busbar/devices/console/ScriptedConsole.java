package io.busbar.devices.console;

import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.memory.Payload;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A backend that takes as much as a test says, and types what it says. */
final class ScriptedConsole implements ConsoleBackend {

    /** One port's other end. */
    static final class End {
        final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        long room = Long.MAX_VALUE;
        int visitor = ALWAYS;
        private byte[] input = {};

        String text() {
            return taken.toString(StandardCharsets.ISO_8859_1);
        }

        void type(String text) {
            input = text.getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    private final List<End> ends = new ArrayList<>();
    Optional<ConsoleSize> size = Optional.empty();

    ScriptedConsole(int ports) {
        for (int i = 0; i < ports; i++) {
            ends.add(new End());
        }
    }

    End end(int port) {
        return ends.get(port);
    }

    @Override
    public long write(int port, MemorySegment bytes, long offset, long length) {
        End end = ends.get(port);
        long count = Math.min(length, end.room);
        for (long i = 0; i < count; i++) {
            end.taken.write(bytes.get(ValueLayout.JAVA_BYTE, offset + i));
        }
        end.room -= count;
        return count;
    }

    @Override
    public long read(int port, Payload into) {
        End end = ends.get(port);
        long count = into.copyFrom(MemorySegment.ofArray(end.input), 0, end.input.length);
        if (count > 0) {
            end.input = Arrays.copyOfRange(end.input, (int) count, end.input.length);
        }
        return count;
    }

    @Override
    public int visitor(int port) {
        return ends.get(port).visitor;
    }

    @Override
    public Optional<ConsoleSize> size(int port) {
        return size;
    }

    @Override
    public void close() {
    }
}
