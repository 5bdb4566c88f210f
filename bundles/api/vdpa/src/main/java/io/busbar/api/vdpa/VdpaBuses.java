package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes buses beside {@link VdpaBus#HOST}, such as one for the devices that a card finds: an OSGi service. Safe for any thread.
 */
@ProviderType
public interface VdpaBuses {

    /**
     * Opens a bus: it is a service {@link VdpaBus} when the call returns. Management devices and bus drivers find their way to it by
     * the property {@link VdpaBus#BUS}. Devices that were added to a bus of this name by command, and are kept, have their places.
     *
     * @param name 1 to 32 letters, digits, '.', '_' and '-', with a letter or digit first
     * @return the bus
     * @throws VdpaException EINVAL for a name that is none, EEXIST if it is open already, ENODEV if buses are gone
     */
    OpenBus open(String name) throws VdpaException;

    /** A bus, for the one who opened it. */
    @ProviderType
    interface OpenBus extends AutoCloseable {

        /** Returns the bus. */
        VdpaBus bus();

        /** Takes its devices off and ends it; what is kept stays kept. Not from inside a call of the bus. */
        @Override
        void close();
    }
}
