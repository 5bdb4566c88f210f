package io.busbar.tools.bench.console;

import java.io.IOException;

/** A way for bytes to another process and back, at whose other end the same program stands. */
interface Way extends AutoCloseable {

    /** Returns what it is. */
    String name();

    /**
     * Has the other process send, and looks at each byte.
     *
     * @param mib how much
     * @return bytes per second
     * @throws IOException if a byte is not the expected one
     */
    double take(int mib) throws IOException;

    /**
     * Sends, and has the other process say the checksum of what came.
     *
     * @param mib how much
     * @return bytes per second, until the checksum was there
     * @throws IOException if the checksum is not the expected one
     */
    double send(int mib) throws IOException;

    @Override
    void close();
}
