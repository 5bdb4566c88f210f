package io.busbar.busdrivers.virtio;

import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.busdrivers.virtio.life.DeviceLife;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** A device that is driven: its life, and its driver as a service. */
final class DeviceBinding implements VdpaBusDriver.Binding {

    private final VdpaDevice device;
    private final DeviceLife life;
    private final Consumer<DeviceBinding> onClosed;
    private final AtomicBoolean closed = new AtomicBoolean();
    private ServiceRegistration<?> registration;

    /**
     * Makes a binding of a device that is up.
     *
     * @param device   the device
     * @param life     its life, begun
     * @param onClosed told when it is closed
     */
    DeviceBinding(VdpaDevice device, DeviceLife life, Consumer<DeviceBinding> onClosed) {
        this.device = device;
        this.life = life;
        this.onClosed = onClosed;
    }

    /**
     * Offers the driver as a service.
     *
     * @param context of this bundle
     * @param type    the interface of the device type
     * @param driver  the driver
     */
    <T extends DeviceDriver> void register(BundleContext context, Class<T> type, T driver) {
        registration = context.registerService(type, driver, FrameworkUtil.asDictionary(
                Map.of(DeviceDriver.DEVICE, device.name(), DeviceDriver.BUS, device.busName())));
    }

    @Override
    public String endpoint() {
        return "";
    }

    @Override
    public boolean connected() {
        return life.isUp();
    }

    @Override
    public Health health() {
        return life.health();
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        unregister();
        life.end("the device was unbound from its driver");
        onClosed.accept(this);
    }

    private void unregister() {
        if (registration == null) {
            return;
        }
        try {
            registration.unregister();
        } catch (IllegalStateException _) {
            // The bundle was stopped, and its services with it.
        }
    }
}
