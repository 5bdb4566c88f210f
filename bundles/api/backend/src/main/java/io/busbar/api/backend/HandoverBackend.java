package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link Backend} to go on in another process with what only one can open: memory, a terminal, a connection. There
 * it is opened while this one is still used; of the two only one is used at a time.
 */
@ConsumerType
public interface HandoverBackend extends Backend {

    /**
     * Returns what the successor, a backend of the same name and words, is opened with. Requests go on here. What comes and goes from
     * outside, such as who connects, waits from now on. On a control thread.
     *
     * @return its descriptors stay this backend's, which keeps them open
     * @throws BackendException if it cannot; nothing has changed then
     */
    BackendState handOver() throws BackendException;

    /**
     * Goes on alone: here, as there is no successor after all; or as the successor, whose predecessor is not used any more. What
     * waited is looked at. On a control thread; short.
     */
    void goOn();
}
