package io.busbar.drivers.vhostuser;

import io.busbar.api.vdpa.InflightArea;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.LinuxException;

/**
 * A record of requests in flight that outlives the far process (vhost-user, Inflight I/O tracking). Its content is the far
 * process's alone.
 *
 * @param file      owned
 * @param size      bytes
 * @param offset    first byte in the file
 * @param queues    number of queues
 * @param queueSize entries of each
 */
record FarRecord(Fd file, long size, long offset, int queues, int queueSize) implements AutoCloseable {

    static FarRecord of(InflightArea area) throws LinuxException {
        return new FarRecord(
                Fd.duplicateOf(area.descriptor()), area.size(), area.offset(), area.queues(), area.queueSize());
    }

    /** Checks what a far process made: that it is for what was asked, and as long as it says. */
    void check(int wantedQueues, int wantedSize) throws FarException {
        if (queues != wantedQueues || queueSize != wantedSize) {
            throw FarException.violation("made a record of requests in flight for " + queues + " queues of " + queueSize
                    + ": expected " + wantedQueues + " of " + wantedSize);
        }
        try {
            long there = file.kind() == FdKind.REGULAR ? file.size() : 0;
            if (size <= 0 || offset < 0 || offset > there - size) {
                throw FarException.violation("made a record of requests in flight of "
                        + Long.toUnsignedString(size) + " bytes at " + Long.toUnsignedString(offset)
                        + " in a file of " + there + " bytes");
            }
        } catch (LinuxException e) {
            throw FarException.violation("made a record of requests in flight that cannot be looked at: "
                    + e.getMessage());
        }
    }

    /** Whether it holds the requests of a queue of that size. */
    boolean covers(int index, int entries) {
        return index < queues && entries == queueSize;
    }

    @Override
    public void close() {
        file.close();
    }
}
