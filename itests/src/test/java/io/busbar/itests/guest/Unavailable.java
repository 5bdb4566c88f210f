package io.busbar.itests.guest;

import org.opentest4j.TestAbortedException;

/** For what this machine lacks. */
final class Unavailable {

    private Unavailable() {}

    /**
     * The exception to throw where a test cannot go on: it skips the test, with the reason, or fails it where every test must
     * run ({@code CI=true}).
     *
     * @param reason what is missing, and where it was expected
     */
    static RuntimeException because(String reason) {
        return "true".equals(System.getenv("CI")) ? new IllegalStateException(reason) : new TestAbortedException(reason);
    }
}
