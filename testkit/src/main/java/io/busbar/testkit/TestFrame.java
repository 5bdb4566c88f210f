package io.busbar.testkit;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetFrame;
import io.busbar.api.memory.Payload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A frame from the driver, over plain memory. One thread at a time. */
public final class TestFrame implements NetFrame {

    private final MemorySegment header;
    private final Payload data;

    private TestFrame(MemorySegment header, Payload data) {
        this.header = header;
        this.data = data;
    }

    /** Makes a frame that asks for nothing. */
    public static TestFrame of(byte... frame) {
        return over(TestPayload.of(frame));
    }

    /** Makes a frame of what remains of a payload, that asks for nothing. */
    public static TestFrame over(Payload data) {
        return new TestFrame(Arena.ofAuto().allocate(NetBackend.HEADER_BYTES, Long.BYTES), data);
    }

    /** Returns the same frame with another header of {@link NetBackend#HEADER_BYTES} bytes. */
    public TestFrame withHeader(byte... bytes) {
        MemorySegment other = Arena.ofAuto().allocate(NetBackend.HEADER_BYTES, Long.BYTES);
        MemorySegment.copy(bytes, 0, other, ValueLayout.JAVA_BYTE, 0, NetBackend.HEADER_BYTES);
        return new TestFrame(other, data);
    }

    @Override
    public MemorySegment header() {
        return header;
    }

    @Override
    public Payload data() {
        return data;
    }
}
