package io.busbar.drivers.x100.card;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.drivers.x100.link.CardSystem;
import io.busbar.drivers.x100.link.PciLink;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What runs on one card: the driver of its end of the link, from the start to the next reset. */
final class X100Card implements CardSystem {

    private static final Logger LOG = LoggerFactory.getLogger(X100Card.class);

    private final PciLink link;
    private final BundleContext context;
    private CardEnd end;
    private ServiceRegistration<VopDevice> device;

    X100Card(PciLink link, BundleContext context) {
        this.link = link;
        this.context = context;
    }

    @Override
    public synchronized void boot() {
        try {
            end = new CardEnd(link);
            device = context.registerService(VopDevice.class, end, null);
        } catch (VopException e) {
            LOG.warn("{}: the card's system does not start: {}", link.name(), e.getMessage());
        }
    }

    @Override
    public synchronized void end() {
        if (device != null) {
            device.unregister();
            device = null;
        }
        if (end != null) {
            end.close();
            end = null;
        }
    }
}
