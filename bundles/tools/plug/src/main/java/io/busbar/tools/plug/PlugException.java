package io.busbar.tools.plug;

/** Something cannot be plugged in or out; the message is a sentence for the user. */
class PlugException extends Exception {

    private static final long serialVersionUID = 1;

    PlugException(String sentence) {
        super(sentence);
    }

    PlugException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
