package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a device to keep groups of queues in address spaces of their own. */
@ConsumerType
public interface AddressSpaces {

    /** Returns the number of queue groups. */
    int groupCount();

    /** Returns the number of address spaces. */
    int addressSpaceCount();

    /**
     * Returns a queue's group.
     *
     * @param index queue
     */
    int getVqGroup(int index);

    /**
     * Binds a group to an address space. Before DRIVER_OK.
     *
     * @param group group
     * @param asid  address space
     * @throws VdpaException EINVAL if there is no such group or address space
     */
    void setGroupAsid(int group, int asid) throws VdpaException;
}
