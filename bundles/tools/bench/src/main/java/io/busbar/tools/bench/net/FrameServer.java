package io.busbar.tools.bench.net;

import java.io.IOException;
import java.nio.file.Path;

/** Who sends frames back. */
interface FrameServer extends AutoCloseable {

    /** Returns who it is. */
    String name();

    /**
     * Begins to poll, if it does not yet.
     *
     * @return the socket of a device with one queue pair
     */
    Path begin() throws IOException, InterruptedException;

    /** Polls no more: the processor is the other one's. */
    void pause();

    @Override
    void close();
}
