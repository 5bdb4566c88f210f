package io.busbar.api.vop;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * One end of the link to one peer (Linux {@code struct vop_device}): an OSGi service, there while the peer can be reached. When
 * the service goes, whoever uses it lets go of all it has of it; what it does meanwhile has no effect and no error that is
 * thrown, as with a card that was pulled.
 */
@ConsumerType
public interface VopDevice {

    /**
     * Returns the name of the card, such as {@code mic0}, the same at both ends and for its whole life; on the card's side also
     * that of the bus on which the host's devices are found.
     */
    String name();

    /** Returns which end this is. */
    VopRole role();

    /** Returns the card's number as the host counts: 1 to 128. */
    int node();

    /** Returns what the link can do; the same object for the life of the device. */
    VopHardwareOps ops();
}
