package io.busbar.itests.guest;

import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** This machine cannot run a guest kernel; the message says what is missing. */
final class GuestUnavailable extends RuntimeException {

    private static final long serialVersionUID = 1L;

    GuestUnavailable(String message) {
        super(message);
    }

    /** Ends the running test: as failed where every test must run ({@code CI=true}), else as skipped, with the reason. */
    void endTest() {
        if ("true".equals(System.getenv("CI"))) {
            Assertions.fail(getMessage());
        }
        Assumptions.abort(getMessage());
    }
}
