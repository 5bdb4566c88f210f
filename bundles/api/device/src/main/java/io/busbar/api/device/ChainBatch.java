package io.busbar.api.device;

import org.osgi.annotation.versioning.ProviderType;

/** Some chains of one queue, in the order in which the driver made them available. Valid during one call. */
@ProviderType
public interface ChainBatch {

    /** Returns how many chains there are, at least 1. */
    int size();

    /**
     * Returns one chain.
     *
     * @param index 0 to {@code size() - 1}
     * @throws IndexOutOfBoundsException outside that range
     */
    Chain get(int index);
}
