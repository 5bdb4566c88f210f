package io.busbar.api.vdpa;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** A device as its maker gives it to the bus. */
@ConsumerType
public interface VdpaParentDevice {

    /** Returns the control path; the same object for the life of the device. */
    VdpaConfigOps ops();

    /** Returns the number of queues. */
    int vqCount();

    /** Returns whether the device is up, and if not, why. Any thread; cheap. */
    Health health();

    /**
     * Returns what is worth showing beyond the standard, in order: {@code backend} to {@code file}, {@code path} to a
     * path. Any thread.
     */
    Map<String, String> details();
}
