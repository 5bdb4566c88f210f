package io.busbar.drivers.x100.host;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopException;
import io.busbar.drivers.x100.link.LinkSettings;
import io.busbar.drivers.x100.link.PciLink;
import io.busbar.drivers.x100.link.Timing;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's driver of a card, one for each configuration: puts the card into its slot, starts it, and gives the host's end of the
 * link.
 */
@Component(
        service = {},
        immediate = true,
        configurationPid = X100Host.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = X100Config.class, factory = true)
@Capability(namespace = "osgi.service", attribute = "objectClass:List<String>=\"io.busbar.api.vop.VopDevice\"")
public final class X100Host {

    static final String PID = "io.busbar.drivers.x100";

    private static final Logger LOG = LoggerFactory.getLogger(X100Host.class);
    private static final Set<String> NAMES = ConcurrentHashMap.newKeySet();

    private final PciLink link;
    private HostEnd end;
    private ServiceRegistration<PciLink> slot;
    private ServiceRegistration<VopDevice> device;
    private BundleContext context;

    /**
     * Made by Declarative Services.
     *
     * @param config what the card is like
     * @throws IllegalArgumentException names the setting that is wrong and what was expected
     */
    @Activate
    public X100Host(X100Config config) {
        link = new PciLink(settings(config));
    }

    private static LinkSettings settings(X100Config config) {
        Timing timing = new Timing(mode(config.timing()), config.linkMegabytesPerSecond(), config.payloadBytes(),
                config.packetBytes(), config.readNanos(), config.interruptNanos(), config.dmaNanos());
        return new LinkSettings(config.name(), config.memoryMib(), config.dmaRing(), timing);
    }

    private static Timing.Mode mode(String word) {
        return Arrays.stream(Timing.Mode.values())
                .filter(mode -> mode.name().toLowerCase(Locale.ROOT).equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("timing \"" + word + "\": expected off, model or wait"));
    }

    /** Puts the card in and starts it. */
    @Activate
    void start(BundleContext bundleContext) throws VopException {
        if (!NAMES.add(link.name())) {
            throw new IllegalArgumentException("name \"" + link.name() + "\": another card has it");
        }
        context = bundleContext;
        slot = context.registerService(PciLink.class, link, null);
        try {
            startCard();
        } catch (VopException e) {
            stop();
            throw e;
        }
    }

    private synchronized void startCard() throws VopException {
        end = new HostEnd(link);
        end.startCard();
        device = context.registerService(VopDevice.class, end, null);
        LOG.info("{}: started", link.name());
    }

    /** Whoever uses the host's end lets go of it first; then the card goes. */
    @Deactivate
    void stop() {
        synchronized (this) {
            if (device != null) {
                device.unregister();
            }
            if (end != null) {
                end.resetCard();
                end.close();
            }
        }
        slot.unregister();
        link.close();
        NAMES.remove(link.name());
    }
}
