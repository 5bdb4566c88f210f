package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendState;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.VdpaException;

/** What a device's backend hands over to the one with which the device's successor is made: in the backend's own version. */
final class PreparedBackend {

    private static final String FORMAT = "backend ";

    private PreparedBackend() {}

    /** Writes it. The format names the backend: no other one reads it. */
    static Handover toRecord(String backend, BackendState state) {
        return new Handover(FORMAT + backend, state.version(), state.content(), state.descriptors());
    }

    /**
     * Reads it.
     *
     * @throws VdpaException EINVAL if it is another backend's
     */
    static BackendState of(Handover record, String backend) throws VdpaException {
        record.require(FORMAT + backend, record.version());
        return new BackendState(record.version(), record.content(), record.descriptors());
    }
}
