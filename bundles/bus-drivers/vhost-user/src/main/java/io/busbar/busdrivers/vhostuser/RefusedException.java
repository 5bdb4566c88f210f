package io.busbar.busdrivers.vhostuser;

/** A message is refused and changed nothing that matters; the connection lives. The sentence says why. */
final class RefusedException extends Exception {

    private static final long serialVersionUID = 1;

    RefusedException(String sentence) {
        super(sentence);
    }

    RefusedException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
