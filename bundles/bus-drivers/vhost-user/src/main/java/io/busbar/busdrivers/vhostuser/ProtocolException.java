package io.busbar.busdrivers.vhostuser;

/** The front-end broke the protocol in a way that ends the connection; the sentence says how. */
class ProtocolException extends Exception {

    private static final long serialVersionUID = 1;

    ProtocolException(String sentence) {
        super(sentence);
    }

    ProtocolException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
