package io.busbar.busdrivers.vop;

import io.busbar.api.vdpa.BusDriverType;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopRole;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The bus drivers {@code vop-NAME}: one for each card that can be reached; a device's driver override says which gets it. */
@Component(service = {}, immediate = true, configurationPid = VopBusDriver.PID)
@Designate(ocd = VopBusConfig.class)
@BusDriverType(type = {"block", "net", "console"}, name = "vop", onDemand = true)
public final class VopBusDriver {

    static final String PID = "io.busbar.busdrivers.vop";

    private static final Logger LOG = LoggerFactory.getLogger(VopBusDriver.class);

    /** A bus driver and its service. */
    private record Offered(LinkDriver driver, ServiceRegistration<VdpaBusDriver> registration) {}

    private final BundleContext context;
    private final Map<VopDevice, Offered> links = new ConcurrentHashMap<>();
    private volatile VopSettings settings;
    /** What is wrong with the configuration that is there; empty if nothing is. */
    private volatile String problem = "";

    /**
     * Makes the component.
     *
     * @param context of this bundle
     * @param config  settings; with wrong ones no device is bound
     */
    @Activate
    public VopBusDriver(BundleContext context, VopBusConfig config) {
        this.context = context;
        configure(config);
    }

    @Modified
    void modified(VopBusConfig config) {
        configure(config);
    }

    private void configure(VopBusConfig config) {
        try {
            settings = new VopSettings(config.ackTimeout(), config.dmaThreshold(), config.queueBytes());
            problem = "";
        } catch (IllegalArgumentException e) {
            problem = "settings of " + PID + " are wrong: " + e.getMessage();
            LOG.warn("{}", problem);
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindLink(VopDevice device) {
        if (device.role() != VopRole.HOST) {
            return;
        }
        LinkDriver driver = new LinkDriver(device, () -> settings, () -> problem);
        links.put(device, new Offered(driver, context.registerService(VdpaBusDriver.class, driver, null)));
    }

    /** The bus closes the bindings before the service is gone. */
    void unbindLink(VopDevice device) {
        Offered offered = links.remove(device);
        if (offered != null) {
            offered.driver().linkGone();
            withdraw(offered.registration());
        }
    }

    @Deactivate
    void deactivate() {
        links.values().forEach(offered -> {
            withdraw(offered.registration());
            offered.driver().close();
        });
        links.clear();
    }

    private static void withdraw(ServiceRegistration<?> registration) {
        try {
            registration.unregister();
        } catch (IllegalStateException _) {
            // The bundle was stopped, and its services with it.
        }
    }
}
