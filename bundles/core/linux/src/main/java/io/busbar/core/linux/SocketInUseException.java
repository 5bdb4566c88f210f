package io.busbar.core.linux;

import java.nio.file.Path;

/** A Unix socket path at which somebody else is listening. */
public final class SocketInUseException extends LinuxException {
    private static final long serialVersionUID = 1L;

    SocketInUseException(Path path) {
        super("listen at " + path, Errno.EADDRINUSE, "another process is listening there");
    }
}
