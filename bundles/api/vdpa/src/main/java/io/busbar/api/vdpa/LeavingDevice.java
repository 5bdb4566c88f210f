package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link VdpaParentDevice} to leave the bus by itself, such as after it was without its backend for longer than
 * its user wanted.
 */
@ConsumerType
public interface LeavingDevice {

    /**
     * Returns whether the bus is to remove the device, as by {@link VdpaBus#devDel}; the device's health says why. Asked every
     * second. Any thread; cheap.
     */
    boolean wantsToLeave();
}
