package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a network device to have its link taken down and up while it is in use, as if its cable were pulled; the
 * driver sees a config change. The link of what it is plugged into is another thing: the driver's link is up while both are.
 */
@ConsumerType
public interface LinkControl {

    /**
     * Takes the link down or up. Not kept beyond the life of the device.
     *
     * @param up whether the cable is plugged in
     * @throws VdpaException EAGAIN if the device cannot tell its driver now
     */
    void setLink(boolean up) throws VdpaException;
}
