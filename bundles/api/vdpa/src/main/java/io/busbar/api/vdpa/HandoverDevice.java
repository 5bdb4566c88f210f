package io.busbar.api.vdpa;

import java.util.Optional;
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
     * @return what the successor is to be made with beside the words, if there is such a thing: see
     *         {@link HandoverManagementDevice}; its descriptors stay the device's
     * @throws VdpaException why it cannot be handed over; nothing has changed then
     */
    Optional<Handover> prepareHandover() throws VdpaException;

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
     * Does what {@link #takeOver} does, and what a driver will have it do, as far as that is nobody's business but its own: code that
     * runs for the first time is slow. No driver uses the device yet, and none notices.
     *
     * @throws VdpaException why it could not take over
     */
    void rehearse() throws VdpaException;

    /**
     * Goes on from where the other device was; after the driver's features are settled again, before any queue is served.
     *
     * @param state what {@link #handOver} returned there
     * @throws VdpaException EINVAL for a version that is not known, or content that makes no sense
     */
    void takeOver(Handover state) throws VdpaException;

    /**
     * The other process does not use the device any more: what only one may use, such as a socket that accepts, is this one's from
     * now on. Before any queue is served; the driver waits meanwhile.
     */
    void goOn();
}
