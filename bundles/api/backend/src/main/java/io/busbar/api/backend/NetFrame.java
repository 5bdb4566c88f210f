package io.busbar.api.backend;

import io.busbar.api.memory.Payload;
import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/** A frame from the driver. Valid during one call of {@link NetBackend#transmit}. */
@ProviderType
public interface NetFrame {

    /**
     * Returns the header ({@code struct virtio_net_hdr}, virtio 1.2, 5.1.6; little-endian), in private memory and checked:
     * it asks for nothing that {@link NetInfo} does not offer, its offsets lie inside the frame, {@code num_buffers} is 0.
     *
     * @return {@link NetBackend#HEADER_BYTES} bytes; read-only for the backend
     */
    MemorySegment header();

    /** Returns the frame from its destination address on, without a checksum sequence; 14 to 65 550 bytes remain at first. */
    Payload data();
}
