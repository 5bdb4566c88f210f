package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.InflightTracking;
import io.busbar.api.vdpa.VdpaConfigOps;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.FdKind;
import io.busbar.core.linux.LinuxException;
import java.util.Optional;

/**
 * The record of requests in flight that a front-end keeps over the life of its back-end (vhost-user, Inflight I/O
 * tracking). Belongs to the device's lane.
 */
final class InflightRecord {

    private final int queues;
    private final int queueSize;
    /** Null where the device does not share its record. */
    private final InflightTracking device;
    /** Null until the front-end gave it. */
    private Fd file;
    private InflightArea area;
    private boolean given;

    InflightRecord(VdpaConfigOps ops, int queues) {
        this.queues = queues;
        this.queueSize = ops.getVqNumMax();
        this.device = ops instanceof InflightTracking tracking ? tracking : null;
    }

    boolean isOffered() {
        return device != null;
    }

    /** Makes a record for so many queues; the caller owns its descriptor. */
    InflightArea create(int queueCount, int size) throws RefusedException {
        check(queueCount, size);
        try {
            return device.createInflight(queueCount, size);
        } catch (VdpaException e) {
            throw new RefusedException(e.getMessage(), e);
        }
    }

    /** Sets the record, in the message's descriptor, for the next start of each ring. */
    void set(Message message, long size, long offset, int queueCount, int entries) throws RefusedException {
        check(queueCount, entries);
        Fd next = message.descriptor();
        try {
            if (next.kind() != FdKind.REGULAR || size <= 0 || offset < 0 || offset > next.size() - size) {
                throw new RefusedException("in-flight record of " + Long.toUnsignedString(size) + " bytes at "
                        + Long.toUnsignedString(offset) + ": not inside its file of " + next.size() + " bytes");
            }
            InflightArea nextArea = new InflightArea(next.number(), size, offset, queueCount, entries);
            device.setInflight(nextArea);
            closeFile();
            file = message.takeDescriptor();
            area = nextArea;
            given = true;
        } catch (LinuxException | VdpaException e) {
            throw new RefusedException("in-flight record: " + e.getMessage(), e);
        }
    }

    void save(SessionWriter to) {
        to.descriptor(file);
        if (file != null) {
            to.number(area.size()).number(area.offset()).number(area.queues()).number(area.queueSize());
        }
    }

    /** Takes the record of another process; the device gets it with {@link #giveAgain()}. */
    void restore(SessionReader from) throws RefusedException {
        Optional<Fd> there = from.descriptor();
        if (there.isPresent()) {
            file = there.get();
            area = new InflightArea(file.number(), from.number(), from.number(), from.number(1, queues), from.number(1, queueSize));
        }
    }

    /** Takes note that the device was reset. */
    void deviceWasReset() {
        given = false;
    }

    /** Gives the record to the device again if it was reset since. */
    void giveAgain() throws RefusedException {
        if (area == null || given) {
            return;
        }
        try {
            device.setInflight(area);
            given = true;
        } catch (VdpaException e) {
            throw new RefusedException("in-flight record: " + e.getMessage(), e);
        }
    }

    /** Takes the record from the device and closes it. */
    void end() throws VdpaException {
        if (area != null) {
            device.setInflight(null);
            area = null;
            closeFile();
        }
    }

    private void closeFile() {
        if (file != null) {
            file.close();
            file = null;
        }
    }

    private void check(int queueCount, int size) throws RefusedException {
        if (queueCount < 1 || queueCount > queues || size < 1 || size > queueSize) {
            throw new RefusedException("in-flight record for " + queueCount + " queues of " + size
                    + ": expected 1 to " + queues + " of 1 to " + queueSize);
        }
    }
}
