package io.busbar.api.backend;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A frame that waits for the driver, in the backend's own memory: the header of {@link NetFrame#header()}, and right after
 * it the frame. A backend may return the same object for each frame.
 *
 * <p>The header may ask for any checksum or segmentation that virtio 1.2, 5.1.6 has words for: what the driver did not
 * accept the device model finishes itself.
 */
@ConsumerType
public interface WaitingFrame {

    /** Returns the memory that holds it. */
    MemorySegment memory();

    /** Returns where the header begins in {@link #memory()}. */
    long offset();

    /** Returns the bytes of header and frame, {@link NetBackend#HEADER_BYTES} + 14 and up. */
    int length();
}
