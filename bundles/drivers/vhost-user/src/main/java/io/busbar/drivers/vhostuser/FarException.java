package io.busbar.drivers.vhostuser;

import io.busbar.api.vdpa.Reason;

/** The connection to the far process cannot go on; says what the bus shows. */
class FarException extends Exception {

    private static final long serialVersionUID = 1;

    private final Reason reason;

    FarException(Reason reason, String sentence) {
        super(sentence);
        this.reason = reason;
    }

    FarException(Reason reason, String sentence, Throwable cause) {
        super(sentence, cause);
        this.reason = reason;
    }

    static FarException left(String what) {
        return new FarException(Reason.NOT_CONNECTED, "the far process left" + what);
    }

    static FarException silent(String what) {
        return new FarException(Reason.NO_ANSWER, "the far process " + what);
    }

    static FarException violation(String what) {
        return new FarException(Reason.PROTOCOL_VIOLATION, "the far process " + what);
    }

    Reason reason() {
        return reason;
    }
}
