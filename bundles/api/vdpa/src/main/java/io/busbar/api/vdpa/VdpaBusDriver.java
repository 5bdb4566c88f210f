package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Makes vDPA devices usable for one kind of driver (Linux {@code struct vdpa_driver}). An OSGi service: each bus named by
 * its service property {@link VdpaBus#BUS} (default {@code host}) offers it every device that has no bus driver and for
 * which no other is set by override; when it goes, its bindings are closed first. Those of a higher service ranking are asked
 * first.
 */
@ConsumerType
public interface VdpaBusDriver {

    /** Returns the name, such as {@code vhost-user}; the same for its whole life. */
    String name();

    /**
     * Returns whether it can take such a device. Not asked for a device whose override names it.
     *
     * @param device the device
     */
    boolean matches(VdpaDevice device);

    /**
     * Binds a device. On a control thread of the bus, one at a time; must not wait for a client. The bus waits ten seconds,
     * and takes what comes later if it is still wanted; else it is closed.
     *
     * @param device the device
     * @return the binding
     * @throws VdpaException if it cannot be bound: the device stays on the bus and shows the reason
     */
    Binding probe(VdpaDevice device) throws VdpaException;

    /** A device that is bound. */
    @ConsumerType
    interface Binding extends AutoCloseable {

        /** Returns where the device can be reached, such as a socket's path; empty if nowhere. */
        String endpoint();

        /** Returns whether a driver uses the device at this moment. Any thread. */
        boolean connected();

        /** Returns whether the binding is up, and if not, why. Any thread. */
        Health health();

        /** Lets the device go: its driver is disconnected, the device is reset. Returns when it is not used any more. */
        @Override
        void close();
    }
}
