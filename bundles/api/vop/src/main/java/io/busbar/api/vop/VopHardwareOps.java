package io.busbar.api.vop;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a link can do on which devices are published, as one end sees it (Linux {@code struct vop_hw_ops}): the device pages, and what
 * any link can do. Safe for any thread. Nothing here waits for the peer.
 */
@ConsumerType
public interface VopHardwareOps extends LinkOps {

    /** Returns the own device page, in which devices are published; empty on the card. It lives as long as the link. */
    Optional<OwnMemory> devicePage();

    /** Returns the peer's device page; empty on the host. */
    Optional<LinkWindow> remoteDevicePage();
}
