package io.busbar.tools.cardos;

/**
 * A step of the self-check.
 *
 * @param what    was looked at, in some words
 * @param failure what is wrong; empty if nothing is
 */
record Check(String what, String failure) {

    static Check passed(String what) {
        return new Check(what, "");
    }

    static Check of(String what, boolean right, String failure) {
        return new Check(what, right ? "" : failure);
    }

    boolean failed() {
        return !failure.isEmpty();
    }

    @Override
    public String toString() {
        return what + ": " + (failed() ? "FAILED: " + failure : "ok");
    }
}
