package io.busbar.api.backend;

import org.osgi.annotation.versioning.ProviderType;

/** Some requests of one queue, in the order in which the driver made them available. Valid during one call. */
@ProviderType
public interface BlockBatch {

    /** Returns how many requests there are, at least 1. */
    int size();

    /**
     * Returns one request.
     *
     * @param index 0 to {@code size() - 1}
     * @throws IndexOutOfBoundsException outside that range
     */
    BlockRequest get(int index);
}
