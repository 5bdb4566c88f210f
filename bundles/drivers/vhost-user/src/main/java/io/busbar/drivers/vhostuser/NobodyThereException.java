package io.busbar.drivers.vhostuser;

import io.busbar.api.vdpa.Reason;

/** Nobody listens at the socket: there is no far process that could still use the driver's memory. */
final class NobodyThereException extends FarException {

    private static final long serialVersionUID = 1;

    NobodyThereException(String sentence, Throwable cause) {
        super(Reason.NOT_CONNECTED, sentence, cause);
    }
}
