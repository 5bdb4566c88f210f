package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.QueueEngine;
import io.busbar.api.vdpa.DriverType;
import io.busbar.api.vdpa.VdpaManagementDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * Registers a management device for each type of software device, and tells them which backends and device models come
 * and go. The service property {@value #PARTS} changes with these, so that the bus asks again for devices that could not
 * be made before.
 */
@Component(name = "io.busbar.drivers.sim", service = {}, immediate = true)
@DriverType(type = {"block", "net", "console"}, name = {"sim_block", "sim_net", "sim_console"})
@Capability(
        namespace = "osgi.service",
        attribute = "objectClass:List<String>=\"io.busbar.api.vdpa.VdpaManagementDevice\"")
public final class SimDrivers {

    /** Service property: a count that grows when a backend or a device model comes or goes. */
    static final String PARTS = "busbar.sim.parts";

    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(2);
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(30);

    private final Factories factories = new Factories();
    private final AtomicLong partsChanges = new AtomicLong();
    private final ExecutorService callbacks =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("busbar-sim-config").factory());
    private final List<SimManagementDevice> managementDevices;
    private final List<ServiceRegistration<VdpaManagementDevice>> registrations = new ArrayList<>();

    /**
     * Made by Declarative Services.
     *
     * @param engine runs the queues
     */
    @Activate
    public SimDrivers(@Reference QueueEngine engine) {
        SimServices services =
                new SimServices(engine, factories, new Reaper(CLOSE_PATIENCE, CLOSE_DEADLINE), callbacks);
        managementDevices = SimClass.ALL.stream()
                .map(type -> new SimManagementDevice(type, services))
                .toList();
    }

    @Activate
    synchronized void start(BundleContext context) {
        for (SimManagementDevice device : managementDevices) {
            registrations.add(context.registerService(VdpaManagementDevice.class, device, properties()));
        }
    }

    private Dictionary<String, Object> properties() {
        return FrameworkUtil.asDictionary(Map.of(PARTS, partsChanges.get()));
    }

    /** The bus deletes the devices when their management device goes; what is left after that is taken apart here. */
    @Deactivate
    void stop() {
        List<ServiceRegistration<VdpaManagementDevice>> ending;
        synchronized (this) {
            ending = List.copyOf(registrations);
            registrations.clear();
        }
        ending.forEach(ServiceRegistration::unregister);
        managementDevices.forEach(SimManagementDevice::close);
        callbacks.shutdown();
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindBackend(BackendFactory factory, ServiceReference<BackendFactory> reference) {
        factories.add(factory, reference.getBundle(), () -> rank(reference));
        came();
    }

    private static int rank(ServiceReference<?> reference) {
        return reference.getProperty(Constants.SERVICE_RANKING) instanceof Integer rank ? rank : 0;
    }

    void unbindBackend(BackendFactory factory) {
        factories.remove(factory);
        managementDevices.forEach(SimManagementDevice::partsLeft);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindDeviceModel(DeviceModelFactory factory, ServiceReference<DeviceModelFactory> reference) {
        factories.add(factory, reference.getBundle(), () -> rank(reference));
        came();
    }

    void unbindDeviceModel(DeviceModelFactory factory) {
        factories.remove(factory);
        managementDevices.forEach(SimManagementDevice::partsLeft);
    }

    private void came() {
        partsChanges.incrementAndGet();
        managementDevices.forEach(SimManagementDevice::partsCame);
        List<ServiceRegistration<VdpaManagementDevice>> told;
        synchronized (this) {
            told = List.copyOf(registrations);
        }
        told.forEach(this::tell);
    }

    private void tell(ServiceRegistration<VdpaManagementDevice> registration) {
        try {
            registration.setProperties(properties());
        } catch (IllegalStateException _) {
            // Stopped meanwhile.
        }
    }
}
