package io.busbar.runtime;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The directory of devices' sockets. */
final class SocketDirectory {
    /** The shortest name of a socket in it. */
    private static final int SHORTEST_NAME = "/x.sock".length();
    private static final int MAX_BYTES = Instance.MAX_SOCKET_PATH - SHORTEST_NAME;
    private static final String CHOOSE = "expected one that can be written to: choose another by --socket-dir";

    private SocketDirectory() {}

    /**
     * Makes it, if it is not there.
     *
     * @param directory absolute
     * @throws UsageException if it cannot be made or not be written to, or no socket's path could be short enough in it
     */
    static void require(Path directory) throws UsageException {
        int length = directory.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_BYTES) {
            throw new UsageException("the socket directory " + directory + " has " + length + " bytes: expected up to "
                    + MAX_BYTES + ", as the path of a Unix socket has up to " + Instance.MAX_SOCKET_PATH);
        }
        WritableDirectory.require("the socket directory", directory, CHOOSE);
    }
}
