package io.busbar.busdrivers.vhostuser;

/** The front-end has closed its end, as a guest does that is switched off or killed: nothing is wrong with what it said. */
final class FrontEndLeftException extends ProtocolException {

    private static final long serialVersionUID = 1;

    FrontEndLeftException(String sentence) {
        super(sentence);
    }
}
