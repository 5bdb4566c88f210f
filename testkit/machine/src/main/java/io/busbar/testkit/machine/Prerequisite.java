package io.busbar.testkit.machine;

import org.opentest4j.TestAbortedException;

/**
 * What a test needs of the machine, such as root's rights or a program. Where it is missing the test is skipped, with the
 * reason; where every test must run, which the environment says by {@code CI=true}, it fails.
 */
public final class Prerequisite {

    private static final boolean EVERY_TEST_MUST_RUN = "true".equals(System.getenv("CI"));

    private Prerequisite() {}

    /**
     * Ends the test unless the machine has what it needs.
     *
     * @param there   whether the machine has it
     * @param missing names what is missing, and where it was expected
     */
    public static void require(boolean there, String missing) {
        if (!there) {
            throw missing(missing);
        }
    }

    /** Ends the test unless it runs as root. */
    public static void requireRoot() {
        require("root".equals(System.getProperty("user.name")), "the tests do not run as root");
    }

    /**
     * The exception to throw where a test cannot go on.
     *
     * @param what names what is missing, and where it was expected
     */
    public static RuntimeException missing(String what) {
        return missing(what, EVERY_TEST_MUST_RUN);
    }

    static RuntimeException missing(String what, boolean everyTestMustRun) {
        String sentence = "a prerequisite is missing: " + what;
        return everyTestMustRun ? new IllegalStateException(sentence) : new TestAbortedException(sentence);
    }
}
