package io.busbar.busdrivers.virtio;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.driver.NetDriver;
import io.busbar.api.vdpa.BusDriverType;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.block.DiskSettings;
import io.busbar.busdrivers.virtio.block.VirtioDisk;
import io.busbar.busdrivers.virtio.console.DrivenConsole;
import io.busbar.busdrivers.virtio.life.DeviceLife;
import io.busbar.busdrivers.virtio.life.DeviceType;
import io.busbar.busdrivers.virtio.net.VirtioCard;
import io.busbar.core.linux.NativeAccess;
import io.busbar.core.linux.NativeAccessDeniedException;
import io.busbar.core.virtio.VirtioIds;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus driver {@code virtio}: devices that are bound to it are driven by this process, and are there for everybody as
 * services ({@link BlockDriver}, {@link NetDriver}, {@link ConsoleDriver}). It takes a device only if its driver override says so.
 */
@Component(service = VdpaBusDriver.class, property = VdpaBus.BUS + "=" + VdpaBus.EVERY, configurationPid = VirtioBusDriver.PID)
@Designate(ocd = VirtioBusConfig.class)
@BusDriverType(type = {"block", "net", "console"}, name = "virtio")
public final class VirtioBusDriver implements VdpaBusDriver {

    static final String PID = "io.busbar.busdrivers.virtio";

    private static final Logger LOG = LoggerFactory.getLogger(VirtioBusDriver.class);

    private final BundleContext context;
    private final List<DeviceBinding> bindings = new CopyOnWriteArrayList<>();
    private volatile DiskSettings disks;
    /** What is wrong with the configuration that is there. */
    private volatile Optional<String> problem = Optional.empty();

    /**
     * Makes the bus driver.
     *
     * @param context of this bundle
     * @param config  settings; with wrong ones no device is bound
     */
    @Activate
    public VirtioBusDriver(BundleContext context, VirtioBusConfig config) {
        this.context = context;
        configure(config);
    }

    @Modified
    void modified(VirtioBusConfig config) {
        configure(config);
    }

    private void configure(VirtioBusConfig config) {
        try {
            disks = new DiskSettings(config.diskRequests(), config.diskRequestBytes());
            problem = Optional.empty();
        } catch (IllegalArgumentException e) {
            problem = Optional.of("settings of " + PID + " are wrong: " + e.getMessage());
            LOG.warn("{}", problem.get());
        }
    }

    /** The bus has closed all bindings before; what it could not is closed here. */
    @Deactivate
    void deactivate() {
        bindings.forEach(DeviceBinding::close);
    }

    @Override
    public String name() {
        return "virtio";
    }

    /** Takes none by itself: a device that nobody asked for here is for drivers elsewhere. */
    @Override
    public boolean matches(VdpaDevice device) {
        return false;
    }

    @Override
    public Binding probe(VdpaDevice device) throws VdpaException {
        if (problem.isPresent()) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, problem.get(), null);
        }
        Optional<NativeAccessDeniedException> denied = NativeAccess.unavailabilityCause();
        if (denied.isPresent()) {
            throw new VdpaException(
                    VdpaError.EPERM, Reason.NATIVE_ACCESS_DISABLED, denied.get().getMessage(), denied.get());
        }
        DeviceLife life = new DeviceLife(device);
        return switch (device.deviceId()) {
            case VirtioIds.VIRTIO_ID_BLOCK -> {
                VirtioDisk disk = new VirtioDisk(device.name(), device.busName(), life.lane(), disks);
                yield bind(device, life, disk, BlockDriver.class, disk);
            }
            case VirtioIds.VIRTIO_ID_NET -> {
                VirtioCard card = new VirtioCard(device.name(), device.busName(), life.lane());
                yield bind(device, life, card, NetDriver.class, card);
            }
            case VirtioIds.VIRTIO_ID_CONSOLE -> {
                DrivenConsole console = new DrivenConsole(device.name(), device.busName(), life.lane());
                yield bind(device, life, console, ConsoleDriver.class, console);
            }
            default -> throw new VdpaException(VdpaError.EOPNOTSUPP, device.name() + " has virtio device id "
                    + device.deviceId() + ": expected " + VirtioIds.VIRTIO_ID_NET + ", a network device, "
                    + VirtioIds.VIRTIO_ID_BLOCK + ", a block device, or " + VirtioIds.VIRTIO_ID_CONSOLE + ", a console");
        };
    }

    private <T extends DeviceDriver> Binding bind(
            VdpaDevice device, DeviceLife life, DeviceType type, Class<T> service, T driver) throws VdpaException {
        life.begin(type);
        DeviceBinding binding = new DeviceBinding(device, life, bindings::remove);
        bindings.add(binding);
        binding.register(context, service, driver);
        return binding;
    }
}
