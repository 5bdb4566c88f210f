package io.busbar.drivers.vhostuser;

import io.busbar.api.vdpa.Reason;

/** The far process refused a request, and the connection could go on. */
final class RefusedException extends FarException {

    private static final long serialVersionUID = 1;

    RefusedException(String sentence) {
        super(Reason.BACKEND_FAILED, sentence);
    }
}
