package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Where the bytes of one device go: what each kind of backend has in common.
 *
 * <p>Opening is construction: a class annotated with {@link BackendType} has one public constructor that takes a
 * {@link BackendContext} and throws {@link BackendException} for what cannot be opened.
 */
@ConsumerType
public interface Backend extends AutoCloseable {

    /**
     * Releases everything. Called once, on a control thread, after the last request was completed or its generation was
     * fenced. May take time (a disconnect), the caller has a deadline; must not fail for what is gone already.
     */
    @Override
    void close();
}
