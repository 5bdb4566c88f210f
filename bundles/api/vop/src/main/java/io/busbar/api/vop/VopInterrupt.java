package io.busbar.api.vop;

import org.osgi.annotation.versioning.ConsumerType;

/** A handler that is called for a doorbell. */
@ConsumerType
public interface VopInterrupt extends AutoCloseable {

    /** Returns the doorbell. */
    int doorbell();

    /** Frees it. When the call returns the handler is not running and is not called any more, unless the handler itself calls this. */
    @Override
    void close();
}
