package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a bus driver to have its devices' drivers, such as guests, go on in another process. */
@ConsumerType
public interface HandoverBusDriver extends VdpaBusDriver {

    /**
     * Does with a device that no driver uses yet what {@link #adopt}, {@link HandoverBinding#resume} and
     * {@link HandoverBinding#suspend} do with one, over queues that stay empty: code that runs for the first time is slow, and what
     * fails here is refused while another process still serves. On a control thread.
     *
     * @param device fresh, and so again when the call returns
     * @throws VdpaException why it could not be bound
     */
    void rehearse(VdpaDevice device) throws VdpaException;

    /**
     * Binds a device of which another process had the driver, which stays connected. Nothing of it is served before
     * {@link HandoverBinding#resume()}.
     *
     * @param device fresh: made with the words of the other one
     * @param state  what {@link HandoverBinding#suspend()} returned there; its descriptors are the bus driver's from now on
     * @throws VdpaException EINVAL for a version that is not known, or why it cannot be bound
     */
    HandoverBinding adopt(VdpaDevice device, Handover state) throws VdpaException;

    /** A binding that can be handed over. All calls are on a control thread. */
    @ConsumerType
    interface HandoverBinding extends Binding {

        /**
         * Stops to serve: no queue runs, nothing is read from the driver, who is not told and waits. If it fails, what
         * was stopped waits for {@link #resume()} all the same.
         *
         * @return all that a successor needs to go on; its descriptors stay the binding's
         * @throws VdpaException why it cannot be handed over, such as requests that do not end
         */
        Handover suspend() throws VdpaException;

        /** Serves, from where it was suspended, here or in another process; kicks and calls every queue once. */
        void resume();
    }
}
