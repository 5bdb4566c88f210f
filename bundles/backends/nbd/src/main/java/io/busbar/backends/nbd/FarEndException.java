package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException.Kind;
import java.io.IOException;

/** What a server did that ends the connection with it: the message goes on behind the server's name. */
final class FarEndException extends IOException {

    private static final long serialVersionUID = 1;

    private final Kind kind;

    /** It broke the protocol, or left. */
    FarEndException(String what) {
        this(Kind.FAILED, what);
    }

    FarEndException(Kind kind, String what) {
        super(what);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }
}
