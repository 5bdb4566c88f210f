package io.busbar.backends.file;

import io.busbar.api.backend.BlockRequest;
import io.busbar.core.linux.LinuxException;

/** A way in which data goes between the file and the driver's memory. Each request is completed by it. */
interface Transfers {

    /** Up to this many bytes are copied on the queue's own thread. */
    long INLINE = 1 << 20;

    /** Serves a read. On the thread that owns the queue. */
    void read(BlockRequest request);

    /** Serves a write. On the thread that owns the queue. */
    void write(BlockRequest request);

    /** Gets ready for another size, before requests can use it. On a control thread. */
    void prepare(long size) throws LinuxException;

    /** Lets go of what it holds besides the file. */
    void close();
}
