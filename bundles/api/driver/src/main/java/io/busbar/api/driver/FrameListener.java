package io.busbar.api.driver;

import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/** Told of frames that come in. */
@ConsumerType
@FunctionalInterface
public interface FrameListener {

    /**
     * A frame came in. On the driver's thread for the device; must not wait or throw; may send, but not wait for room.
     *
     * @param frame from its position to its limit; read-only, and only for the time of the call: it is the driver's memory,
     *              in which the next frame comes
     */
    void received(ByteBuffer frame);
}
