package io.busbar.api.vdpa;

import java.util.List;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Adds and removes vDPA devices of one kind at a user's request (Linux {@code struct vdpa_mgmt_dev}). An OSGi service:
 * each bus named by its service property {@link VdpaBus#BUS} (default {@code host}) takes it up; when it goes, the bus
 * first removes the devices that it made. A change of its service properties says that it may be able to make now what
 * it could not before: the bus asks again for devices that are absent.
 */
@ConsumerType
public interface VdpaManagementDevice {

    /** Returns the name on the command line, such as {@code sim_block}; the same for its whole life. */
    String name();

    /** Returns the virtio device ids that it makes. */
    Set<Integer> supportedClasses();

    /** Returns all features that its devices may offer. */
    long supportedFeatures();

    /** Returns the largest number of queues of a device. */
    int maxSupportedVqs();

    /**
     * Returns the words that {@link #devAdd} takes, in the order of a help text. Words that a part below understands
     * (a backend's) are not among them.
     */
    List<AttributeInfo> attributes();

    /**
     * Makes a device. On a control thread, one at a time; {@link #devDel} for another device may come meanwhile. One that
     * takes long holds up this management device and nobody else.
     *
     * @param request name and words
     * @return the device, not yet on the bus
     * @throws VdpaException if it cannot be made: the sentence names the value and what was expected. EAGAIN if it
     *                       cannot be made yet, as what it is made of is not there: the bus keeps its place, shows the
     *                       reason, and asks again by itself
     */
    VdpaParentDevice devAdd(AddRequest request) throws VdpaException;

    /**
     * Takes a device apart that {@link #devAdd} made. No bus driver is bound any more. Must end by itself: what takes
     * long (a backend's close) is left to a thread with a deadline.
     *
     * @param device the device
     */
    void devDel(VdpaParentDevice device);
}
