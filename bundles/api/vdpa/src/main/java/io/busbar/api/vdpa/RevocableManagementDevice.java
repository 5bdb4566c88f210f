package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a management device to take back what making a device changed, such as a file that was made for it. */
@ConsumerType
public interface RevocableManagementDevice extends VdpaManagementDevice {

    /**
     * Takes a device apart, as {@link #devDel} does and in place of it, and leaves the world as it was before
     * {@link #devAdd}: the bus, or the bus drivers, refused the device, so that the user was told that nothing was added.
     * A driver may have used it for a moment, if what failed came after it was bound. On a control thread.
     *
     * @param device the device
     */
    void devRevoke(VdpaParentDevice device);
}
