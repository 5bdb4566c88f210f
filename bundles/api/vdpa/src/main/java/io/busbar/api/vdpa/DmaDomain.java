package io.busbar.api.vdpa;

import io.busbar.api.memory.DriverMemory;
import org.osgi.annotation.versioning.ProviderType;

/** The translation that the bus does for a device with {@link PlatformDma}: one table, replaced as a whole. */
@ProviderType
public interface DmaDomain {

    /** Returns the table in force. Any thread. */
    DriverMemory memory();

    /**
     * Sets who carries a new table into force before the call that changed it returns.
     *
     * @param listener one per domain
     */
    void onChange(Listener listener);

    /** Carries a change of the table into a device. */
    @FunctionalInterface
    interface Listener {

        /**
         * The table was replaced; when the call returns no access goes through the old one.
         *
         * @param memory the new table
         * @throws VdpaException ETIMEDOUT if requests in flight through the old table do not end
         */
        void changed(DriverMemory memory) throws VdpaException;
    }
}
