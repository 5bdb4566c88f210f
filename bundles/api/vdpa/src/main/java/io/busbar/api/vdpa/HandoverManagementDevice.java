package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a management device to make devices that have from another process what only that one could open. */
@ConsumerType
public interface HandoverManagementDevice extends VdpaManagementDevice {

    /**
     * Makes a device whose predecessor, in another process, still goes on; nothing of it is used before
     * {@link HandoverDevice#goOn}.
     *
     * @param request  as for {@link #devAdd(AddRequest)}
     * @param prepared what {@link HandoverDevice#prepareHandover} returned there; its descriptors are the device's from now on
     * @throws VdpaException as for {@link #devAdd(AddRequest)}, or EINVAL for a version that is not known
     */
    VdpaParentDevice devAdd(AddRequest request, Handover prepared) throws VdpaException;
}
