package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/** The ability of a {@link Backend} to take back what its opening changed, such as a file that it made. */
@ConsumerType
public interface RevocableBackend extends Backend {

    /**
     * Releases everything, as {@link #close()} does and in place of it, and leaves the world as it was before the backend
     * was opened: its device could not be made, or was refused when it was to be put on the bus. Requests were hardly ever
     * submitted, and none is in flight; what they wrote is not kept. On a control thread.
     */
    void revoke();
}
