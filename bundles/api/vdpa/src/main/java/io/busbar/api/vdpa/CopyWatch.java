package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** Told how far the copy of a disk's content has come, and asked whether it is still wanted. */
@ConsumerType
@FunctionalInterface
public interface CopyWatch {

    /**
     * A piece was copied; on the thread that copies, which waits for the answer.
     *
     * @param copied bytes copied so far; what the driver wrote meanwhile is copied again, and counted again
     * @param left   bytes that are left to be copied now
     * @return whether to go on; otherwise the swap ends with a refusal, and the old backend goes on
     */
    boolean goesOn(long copied, long left);
}
