package io.busbar.api.vdpa;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The ability of a bus to go on in another process. There the devices are made first, while here they go on; then all are
 * stopped here and taken over there. Until the successor has all of it, everything can go back.
 */
@ProviderType
public interface HandoverBus extends VdpaBus {

    /**
     * A place on the bus.
     *
     * @param request          name and words of the device
     * @param managementDevice who makes it
     * @param override         the one bus driver that may bind it
     * @param persistent       whether it comes back at the next start
     * @param present          what is known of the device if it is there; else its place is kept
     */
    record Place(
            AddRequest request,
            String managementDevice,
            Optional<String> override,
            boolean persistent,
            Optional<Present> present) {}

    /**
     * A device that is there, and goes on while its successor is made.
     *
     * @param busDriver who has bound it
     * @param prepared  what {@link HandoverDevice#prepareHandover} returned, if anything
     */
    record Present(String busDriver, Optional<Handover> prepared) {}

    /**
     * What is handed over of a device that is there.
     *
     * @param name      of the device
     * @param busDriver who has bound it
     * @param binding   what that hands over
     * @param device    what the device itself hands over
     */
    record Stopped(String name, String busDriver, Handover binding, Handover device) {}

    /** The bus of the other process, as it is spoken to from here. */
    interface Successor {

        /**
         * Makes the devices, and rehearses with them what is to be done with them later.
         *
         * @throws VdpaException why it does not
         */
        void open(List<Place> places) throws VdpaException;

        /**
         * Begins to take a device over, while the next one is stopped; it is not served yet.
         *
         * @throws VdpaException why it does not; it is gone then, and everything that it had opened is closed
         */
        void take(Stopped device) throws VdpaException;

        /**
         * Serves the devices, once all are taken over. Does not return if it is not known whether it does.
         *
         * @throws VdpaException as {@link #take}, also for what that one has begun
         */
        void serve() throws VdpaException;

        /**
         * Ends it, if it does not serve yet: when the call returns everything that it had opened is closed. Has no effect if it is gone.
         */
        void abandon();
    }

    /**
     * Hands all devices over. No other change of the bus is made meanwhile. When the call returns all devices are stopped, and the
     * process is to end without taking them apart, which their drivers would see.
     *
     * @throws VdpaException why it cannot be; everything goes on here then
     */
    void handOver(Successor successor) throws VdpaException;

    /**
     * Makes the devices of another process's bus, on a bus that has none; nothing of them is served yet. With each is rehearsed
     * what is done with it later, so that it is known to work, and quick, before the other process stops anything.
     *
     * @throws VdpaException why not; the process is to end then
     */
    void open(List<Place> places) throws VdpaException;

    /**
     * Takes over the state of a device that was opened, and binds it; nothing of it is served yet.
     *
     * @throws VdpaException why not; the process is to end then
     */
    void adopt(Stopped device) throws VdpaException;

    /** Serves what was adopted. */
    void resume();
}
