package io.busbar.tools.plug;

/** What is in the way passes by itself: another time it may be done. */
final class BusyException extends PlugException {

    private static final long serialVersionUID = 1;

    BusyException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
