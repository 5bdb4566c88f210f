package io.busbar.itests.guest;

import java.nio.file.Path;

/**
 * A disk to be served.
 *
 * @param image        the image file
 * @param readOnly     whether the device refuses writes
 * @param queues       request queues, at least 1
 * @param writeThrough whether a write is on stable storage when it completes, so that the driver sends no flush
 */
record DiskSpec(Path image, boolean readOnly, int queues, boolean writeThrough) {

    static DiskSpec of(Path image) {
        return new DiskSpec(image, false, 1, false);
    }

    DiskSpec asReadOnly() {
        return new DiskSpec(image, true, queues, writeThrough);
    }

    DiskSpec withQueues(int count) {
        return new DiskSpec(image, readOnly, count, writeThrough);
    }

    DiskSpec asWriteThrough() {
        return new DiskSpec(image, readOnly, queues, true);
    }
}
