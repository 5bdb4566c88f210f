package io.busbar.tools.cardos;

import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.vdpa.BusDriverType;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;

/**
 * The operating system of one card, for each configuration. It runs while the card has a bus and the bus driver {@code virtio} is there;
 * either may come and go.
 */
@Component(
        service = {},
        immediate = true,
        configurationPid = CardOs.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = CardOsConfig.class, factory = true)
@BusDriverType(type = {"block", "net", "console"}, name = CardBus.NAME, onDemand = true)
public final class CardOs {

    static final String PID = "io.busbar.tools.cardos";

    private static final String VIRTIO = "virtio";

    private final BundleContext context;
    private final Settings settings;
    private final Tracked<VdpaBus> busTracker;
    private final Tracked<VdpaBusDriver> driverTracker;
    private final Set<VdpaBus> buses = new LinkedHashSet<>();
    /** Those called virtio: two while its bundle is replaced. */
    private final Set<VdpaBusDriver> drivers = new LinkedHashSet<>();
    private Optional<Running> running = Optional.empty();

    /** What runs, and on what. */
    private record Running(VdpaBus bus, VdpaBusDriver virtio, Machine machine, Tracked<DeviceDriver> devices) {

        void end() {
            devices.close();
            machine.close();
        }
    }

    /**
     * Made by Declarative Services.
     *
     * @param context of this bundle
     * @param config  settings
     * @throws IllegalArgumentException names the setting that is wrong and what was expected
     * @throws InvalidSyntaxException   never: the name of a bus has no character that means something there
     */
    @Activate
    public CardOs(BundleContext context, CardOsConfig config) throws InvalidSyntaxException {
        this.context = context;
        settings = Settings.of(config);
        busTracker = new Tracked<>(
                context,
                "(&(objectClass=" + VdpaBus.class.getName() + ")(" + VdpaBus.BUS + "=" + settings.bus() + "))",
                bus -> change(() -> buses.add(bus)),
                bus -> change(() -> buses.remove(bus)));
        driverTracker = new Tracked<>(
                context,
                "(objectClass=" + VdpaBusDriver.class.getName() + ")",
                driver -> virtioChange(driver, () -> drivers.add(driver)),
                driver -> virtioChange(driver, () -> drivers.remove(driver)));
    }

    /** Looks for what it needs. */
    @Activate
    void start() {
        driverTracker.open();
        busTracker.open();
    }

    @Deactivate
    void stop() {
        busTracker.close();
        driverTracker.close();
    }

    /** Others are nothing to this, its own least of all: that comes in the middle of a change. */
    private void virtioChange(VdpaBusDriver driver, Runnable change) {
        if (driver.name().equals(VIRTIO)) {
            change(change);
        }
    }

    /** What runs on something that has gone is ended; what can run is begun. */
    private synchronized void change(Runnable change) {
        change.run();
        Optional<VdpaBus> bus = buses.stream().findFirst();
        Optional<VdpaBusDriver> virtio = drivers.stream().findFirst();
        boolean same = running.isPresent() && bus.filter(running.get().bus()::equals).isPresent()
                && virtio.filter(running.get().virtio()::equals).isPresent();
        if (!same) {
            running.ifPresent(Running::end);
            running = bus.flatMap(there -> virtio.map(driver -> begin(there, driver)));
        }
    }

    private Running begin(VdpaBus bus, VdpaBusDriver virtio) {
        String version = context.getBundle().getVersion().toString();
        Machine machine = new Machine(settings, version, new CardBus(context, bus, virtio));
        Tracked<DeviceDriver> devices = devices(machine);
        devices.open();
        return new Running(bus, virtio, machine, devices);
    }

    private Tracked<DeviceDriver> devices(Machine machine) {
        try {
            return new Tracked<>(
                    context,
                    "(&(" + DeviceDriver.DEVICE + "=*)(" + DeviceDriver.BUS + "=" + settings.bus() + "))",
                    machine::came,
                    machine::went);
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e); // The bus was looked for by the same name.
        }
    }
}
