package io.busbar.tools.bench.block;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A disk that is served while measurements are made.
 *
 * @param name    of who serves it
 * @param socket  where
 * @param image   the file behind it
 * @param content of the image
 * @param server  ends with this
 */
record Target(String name, Path socket, Path image, DiskContent content, AutoCloseable server)
        implements AutoCloseable {

    /** Starts to serve an image. */
    interface Starter {

        /** Returns who serves. */
        String name();

        /**
         * Starts.
         *
         * @param image     of the disk
         * @param content   of the image
         * @param direct    whether to read and write past the page cache
         * @param directory for sockets and output, whose path is short
         * @return the disk, ready
         * @throws IOException if that fails; the message says why
         */
        Target start(Path image, DiskContent content, boolean direct, Path directory)
                throws IOException, InterruptedException;
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (Exception e) {
            throw new IllegalStateException(name + " did not end", e);
        }
    }
}
