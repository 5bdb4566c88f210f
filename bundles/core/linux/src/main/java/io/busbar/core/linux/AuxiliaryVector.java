package io.busbar.core.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel told this process at its start ({@code /proc/self/auxv}: pairs of 64-bit words, type and value). */
final class AuxiliaryVector {
    private static final long AT_PAGESZ = 6;
    private static final int LARGEST_PAGE = 65536;

    private AuxiliaryVector() {
    }

    /** The page size; where /proc is not there, the largest that Linux has, which is a multiple of all others. */
    static int pageSize() {
        try {
            ByteBuffer words = ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/self/auxv")))
                    .order(ByteOrder.nativeOrder());
            while (words.remaining() >= 2 * Long.BYTES) {
                long type = words.getLong();
                long value = words.getLong();
                if (type == AT_PAGESZ) {
                    return (int) value;
                }
            }
            return LARGEST_PAGE;
        } catch (IOException unreadable) {
            return LARGEST_PAGE;
        }
    }
}
