package io.busbar.core.bus;

import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaManagementDevice;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.Designate;

/**
 * The bus {@code host}: takes up the management devices and bus drivers that are registered as services for it (or for
 * no bus in particular), and registers the bus as a service once the devices that were kept are known.
 */
@Component(name = "io.busbar.core.bus", service = {}, immediate = true)
@Designate(ocd = BusConfiguration.class)
@Capability(namespace = "osgi.service", attribute = "objectClass:List<String>=\"io.busbar.api.vdpa.VdpaBus\"")
public final class HostBus {

    private static final String FOR_HOST = "(|(!(" + VdpaBus.BUS + "=*))(" + VdpaBus.BUS + "=" + VdpaBus.HOST + "))";
    private static final long LOOK_SECONDS = 1;

    private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("busbar-bus-" + VdpaBus.HOST).factory());
    private final Bus bus;
    private Path stateDir;
    private ServiceRegistration<VdpaBus> registration;

    /**
     * Made by Declarative Services.
     *
     * @param plugins the backends and device models that are there
     */
    @Activate
    public HostBus(@Reference PluginExtender plugins) {
        bus = new Bus(VdpaBus.HOST, this::onControlThread, plugins::parts);
    }

    private void onControlThread(Runnable change) {
        try {
            control.execute(change);
        } catch (RejectedExecutionException _) {
            // The bus was closed: nothing is added or bound any more.
        }
    }

    @Activate
    void start(BundleContext context, BusConfiguration configuration) {
        keepIn(configuration);
        control.scheduleWithFixedDelay(bus::observe, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
        registration = context.registerService(
                VdpaBus.class, bus, FrameworkUtil.asDictionary(Map.of(VdpaBus.BUS, VdpaBus.HOST)));
    }

    /** Another directory is used from now on; devices that are there stay. */
    @Modified
    void modified(BusConfiguration configuration) {
        keepIn(configuration);
    }

    private void keepIn(BusConfiguration configuration) {
        Path wanted = configuration.stateDir().isBlank() ? null : Path.of(configuration.stateDir());
        if (wanted == null || !wanted.equals(stateDir)) {
            stateDir = wanted;
            bus.keep(Optional.ofNullable(wanted).map(DeviceStore::new));
        }
    }

    @Deactivate
    void stop() {
        registration.unregister();
        bus.close();
        control.shutdown();
    }

    @Reference(
            service = VdpaManagementDevice.class,
            target = FOR_HOST,
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC)
    void bindManagementDevice(VdpaManagementDevice service, ServiceReference<VdpaManagementDevice> reference) {
        bus.arrived(service, Origins.of(reference.getBundle()));
    }

    void updatedManagementDevice(VdpaManagementDevice service) {
        bus.changed();
    }

    void unbindManagementDevice(VdpaManagementDevice service) {
        bus.left(service);
    }

    @Reference(
            service = VdpaBusDriver.class,
            target = FOR_HOST,
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC)
    void bindBusDriver(VdpaBusDriver service, ServiceReference<VdpaBusDriver> reference) {
        bus.arrived(service, Origins.of(reference.getBundle()));
    }

    void unbindBusDriver(VdpaBusDriver service) {
        bus.left(service);
    }
}
