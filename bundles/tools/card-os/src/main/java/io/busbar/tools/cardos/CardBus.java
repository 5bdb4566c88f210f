package io.busbar.tools.cardos;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.Map;
import java.util.Optional;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The card's bus, whose devices are taken for the time of this: by a bus driver {@code card-os} for this bus alone, which is asked before those that
 * are for every bus, and leaves the driving to {@code virtio}.
 */
final class CardBus implements AutoCloseable {

    /** The name of the bus driver. */
    static final String NAME = "card-os";

    private static final Logger LOG = LoggerFactory.getLogger(CardBus.class);
    private static final int BEFORE_OTHERS = 100;
    /** A bus driver that is never there. */
    private static final Optional<String> NOBODY = Optional.of("nobody");

    private final VdpaBus bus;
    private final ServiceRegistration<VdpaBusDriver> registration;

    /**
     * Takes devices that come from now on.
     *
     * @param context of this bundle
     * @param bus     of the card
     * @param virtio  drives them
     */
    CardBus(BundleContext context, VdpaBus bus, VdpaBusDriver virtio) {
        this.bus = bus;
        registration = context.registerService(VdpaBusDriver.class, new ForwardingDriver(virtio),
                FrameworkUtil.asDictionary(Map.of(VdpaBus.BUS, bus.name(), Constants.SERVICE_RANKING, BEFORE_OTHERS)));
    }

    private record ForwardingDriver(VdpaBusDriver virtio) implements VdpaBusDriver {

        @Override
        public String name() {
            return NAME;
        }

        /** Whether the driver can is for that to say. */
        @Override
        public boolean matches(VdpaDevice device) {
            return true;
        }

        @Override
        public Binding probe(VdpaDevice device) throws VdpaException {
            return virtio.probe(device);
        }
    }

    /** Takes devices that were there before, but those that another bus driver is set for. */
    void takeOthers() {
        bus.snapshot().devices().stream()
                .filter(device -> device.override().isEmpty() && !device.busDriver().equals(NAME))
                .filter(device -> device.state() != BusSnapshot.State.ABSENT)
                .forEach(device -> {
                    try {
                        reset(device.name());
                    } catch (VdpaException e) {
                        LOG.warn("{}/{}: {}", bus.name(), device.name(), e.getMessage());
                    }
                });
    }

    /**
     * Lets a device go and takes it again, which resets it.
     *
     * @param name the device
     * @throws VdpaException if it has gone
     */
    void reset(String name) throws VdpaException {
        Optional<String> override = bus.device(name)
                .orElseThrow(() -> new VdpaException(VdpaError.ENODEV, "device not found"))
                .driverOverride();
        bus.setDriverOverride(name, NOBODY);
        bus.setDriverOverride(name, override);
    }

    /** Lets all devices go. */
    @Override
    public void close() {
        try {
            registration.unregister();
        } catch (IllegalStateException _) {
            // The bundle was stopped, and its services with it.
        }
    }
}
