package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a device to go on in another process, made there by a management device of the same name with the same words.
 * All calls are on a control thread.
 */
@ConsumerType
public interface HandoverDevice extends VdpaParentDevice {

    /**
     * Gets ready: lets the successor open what only one may have open, such as an image. The device goes on with its requests, and
     * changes nothing of what it is made of until it is told {@link #cancelHandover}.
     *
     * @throws VdpaException why it cannot be handed over; nothing has changed then
     */
    void prepareHandover() throws VdpaException;

    /**
     * Returns all that a successor needs beside what the bus driver tells it. No queue is served. The device stays as it is, and may
     * go on after {@link #cancelHandover}.
     *
     * @throws VdpaException if it cannot
     */
    Handover handOver() throws VdpaException;

    /** There is no successor, or none any more: takes back what {@link #prepareHandover} let go. Does nothing if it did not. */
    void cancelHandover();

    /**
     * Goes on from where the other device was; after the driver's features are settled again, before any queue is served.
     *
     * @param state what {@link #handOver} returned there
     * @throws VdpaException EINVAL for a version that is not known, or content that makes no sense
     */
    void takeOver(Handover state) throws VdpaException;
}
