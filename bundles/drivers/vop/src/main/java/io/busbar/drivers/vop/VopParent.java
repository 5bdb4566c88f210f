package io.busbar.drivers.vop;

import io.busbar.api.vdpa.DriverType;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBuses;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopRole;
import java.util.Dictionary;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
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

/** Has a {@link Card} for each link at whose card's end this process is. */
@Component(service = {}, immediate = true, configurationPid = VopParent.PID)
@Designate(ocd = VopConfig.class)
@DriverType(type = {"block", "net", "console"}, name = Card.NAME, onDemand = true)
public final class VopParent {

    static final String PID = "io.busbar.drivers.vop";

    private static final Logger LOG = LoggerFactory.getLogger(VopParent.class);
    /** A service property that changes when the management device may make what it could not before. */
    private static final String CHANGES = "busbar.changes";

    private final BundleContext context;
    private final VdpaBuses buses;
    private final Map<VopDevice, Card> cards = new ConcurrentHashMap<>();
    private volatile Settings settings;

    /**
     * Made by Declarative Services.
     *
     * @param context of this bundle
     * @param buses   makes buses
     * @param config  settings
     */
    @Activate
    public VopParent(BundleContext context, @Reference VdpaBuses buses, VopConfig config) {
        this.context = context;
        this.buses = buses;
        settings = Settings.of(config);
    }

    /** Takes new settings, for links that come from then on. */
    @Modified
    void modified(VopConfig config) {
        try {
            settings = Settings.of(config);
        } catch (IllegalArgumentException wrong) {
            LOG.error("settings of {} are wrong, those before stay: {}", PID, wrong.getMessage());
        }
    }

    @Deactivate
    void deactivate() {
        cards.values().forEach(Card::close);
        cards.clear();
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindLink(VopDevice device) {
        if (device.role() == VopRole.CARD) {
            cards.put(device, new Card(device, buses, this::register, settings));
        }
    }

    void unbindLink(VopDevice device) {
        Card card = cards.remove(device);
        if (card != null) {
            card.close(true);
        }
    }

    private Card.Registration register(String bus, VdpaManagementDevice maker) {
        ServiceRegistration<VdpaManagementDevice> service =
                context.registerService(VdpaManagementDevice.class, maker, properties(bus, 0));
        return new Card.Registration() {

            private int changes;

            @Override
            public void changed() {
                service.setProperties(properties(bus, ++changes));
            }

            @Override
            public void close() {
                try {
                    service.unregister();
                } catch (IllegalStateException _) {
                    // The bundle was stopped, and its services with it.
                }
            }
        };
    }

    private static Dictionary<String, ?> properties(String bus, int changes) {
        return FrameworkUtil.asDictionary(Map.of(VdpaBus.BUS, bus, CHANGES, changes));
    }
}
