package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The ability of a {@link NetBackend} or {@link ConsoleBackend} to be waited for by a Linux descriptor, so that the thread
 * that owns the queue wakes without another in between: a tap, a socket, a terminal.
 */
@ConsumerType
public interface PolledBackend {

    /**
     * Returns a descriptor that becomes readable when something waits to be received.
     *
     * @param channel queue pair or port
     * @return the descriptor, non-blocking and open until the backend is closed; or -1 if this channel has none: then
     *         {@link BackendContext#readable} tells
     */
    int readableDescriptor(int channel);

    /**
     * Returns a descriptor that becomes writable when there is room again after there was none.
     *
     * @param channel queue pair or port
     * @return the descriptor, non-blocking and open until the backend is closed; or -1 if this channel has none: then
     *         {@link BackendContext#writable} tells
     */
    int writableDescriptor(int channel);
}
