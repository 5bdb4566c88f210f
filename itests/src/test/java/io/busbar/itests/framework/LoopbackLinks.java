package io.busbar.itests.framework;

import io.busbar.api.vop.VopDevice;
import io.busbar.testkit.vop.LoopbackLink;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** The activator of a bundle that has a link to a card, both of whose ends are in this framework. */
public final class LoopbackLinks implements BundleActivator {

    private LoopbackLink link;
    private ServiceRegistration<VopDevice> host;
    private ServiceRegistration<VopDevice> card;

    /** For the framework. */
    public LoopbackLinks() {}

    @Override
    public void start(BundleContext context) {
        link = new LoopbackLink("mic0", 1);
        host = context.registerService(VopDevice.class, link.host(), null);
        card = context.registerService(VopDevice.class, link.card(), null);
    }

    @Override
    public void stop(BundleContext context) {
        link.sever();
        card.unregister();
        host.unregister();
        link.close();
    }
}
