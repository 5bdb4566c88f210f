package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A running program that serves disks on vhost-user sockets: the thing under test. */
interface BlockServer extends AutoCloseable {

    /** Serves a disk; it is gone when it is closed. */
    Disk serve(DiskSpec spec) throws IOException;

    /** Ends the program as {@code kill -9} does. */
    void kill();

    @Override
    void close() throws IOException;

    /** A disk that is served. */
    interface Disk extends AutoCloseable {

        Path socket();

        /** Changes the size while the disk is in use. */
        void resize(long bytes) throws IOException;

        /** What each queue has done since the disk was added, by the counter's name; empty if the program does not count. */
        List<Map<String, Long>> counters();

        @Override
        void close() throws IOException;
    }
}
