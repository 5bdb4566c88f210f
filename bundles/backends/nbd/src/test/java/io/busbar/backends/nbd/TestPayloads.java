package io.busbar.backends.nbd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A driver's buffers of odd sizes. */
final class TestPayloads {

    private TestPayloads() {}

    /** Cuts content into pieces of the given sizes; what is over is the last piece. */
    static MemorySegment[] pieces(byte[] content, int... sizes) {
        MemorySegment[] pieces = new MemorySegment[sizes.length + 1];
        int at = 0;
        for (int i = 0; i < pieces.length; i++) {
            int size = i < sizes.length ? sizes[i] : content.length - at;
            pieces[i] = Arena.ofAuto().allocate(size);
            MemorySegment.copy(content, at, pieces[i], ValueLayout.JAVA_BYTE, 0, size);
            at += size;
        }
        return pieces;
    }
}
