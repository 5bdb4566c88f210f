package io.busbar.busdrivers.vhostuser;

import io.busbar.api.vdpa.BusDriverType;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBusDriver;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBusDriver;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.NativeAccessDeniedException;
import io.busbar.core.virtio.VirtioIds;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bus driver {@code vhost-user}: every device that it is bound to listens at a Unix socket, where User Mode
 * Linux, QEMU or DPDK use it.
 */
@Component(service = VdpaBusDriver.class, property = VdpaBus.BUS + "=" + VdpaBus.EVERY, configurationPid = VhostUserBusDriver.PID)
@Designate(ocd = VhostUserConfig.class)
@BusDriverType(type = {"block", "net", "console"}, name = "vhost-user")
public final class VhostUserBusDriver implements HandoverBusDriver {

    static final String PID = "io.busbar.busdrivers.vhostuser";

    private static final Logger LOG = LoggerFactory.getLogger(VhostUserBusDriver.class);
    private static final Health NO_DIRECTORY = new Health(Reason.CONFIG_INVALID,
            "no directory for sockets: expected setting socketDir of " + PID);

    /** The device types that it serves. */
    private static final Map<Integer, String> TYPES = new TreeMap<>(Map.of(
            VirtioIds.VIRTIO_ID_NET, "net",
            VirtioIds.VIRTIO_ID_BLOCK, "block",
            VirtioIds.VIRTIO_ID_CONSOLE, "console"));

    private final List<DeviceBinding> bindings = new CopyOnWriteArrayList<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().name("busbar-vhost-user-", 1).daemon().factory());
    private Reactor reactor;
    /** The last configuration that was right. */
    private volatile Settings settings;
    /** What is wrong with the one that is there. */
    private volatile Health problem;

    /**
     * Makes the bus driver.
     *
     * @param config settings; wrong ones are shown by the health of each binding
     */
    @Activate
    public VhostUserBusDriver(VhostUserConfig config) {
        settings = Settings.DEFAULTS;
        configure(config);
    }

    /** Takes new settings. Sockets that listen stay as they are. */
    @Modified
    void modified(VhostUserConfig config) {
        configure(config);
        for (DeviceBinding binding : bindings) {
            try {
                listen(binding);
            } catch (VdpaException e) {
                binding.cannotListen(new Health(e.reason(), e.getMessage()));
            }
        }
    }

    @Deactivate
    synchronized void deactivate() {
        bindings.forEach(DeviceBinding::close);
        bindings.clear();
        if (reactor != null) {
            reactor.close();
        }
        threads.shutdown();
    }

    @Override
    public String name() {
        return "vhost-user";
    }

    @Override
    public boolean matches(VdpaDevice device) {
        return TYPES.containsKey(device.deviceId());
    }

    @Override
    public Binding probe(VdpaDevice device) throws VdpaException {
        if (!matches(device)) {
            throw new VdpaException(VdpaError.EOPNOTSUPP, device.name() + " has virtio device id " + device.deviceId()
                    + ": expected one of " + TYPES);
        }
        DeviceBinding binding = new DeviceBinding(
                device, () -> settings, reactor(), new Lane(threads), bindings::remove);
        // Known before it listens: settings that come meanwhile are taken by one of the two.
        bindings.add(binding);
        try {
            listen(binding);
        } catch (VdpaException refused) {
            bindings.remove(binding);
            throw refused;
        }
        return binding;
    }

    @Override
    public void rehearse(VdpaDevice device) throws VdpaException {
        try (Rehearsal frontEnd = new Rehearsal(device, () -> settings, new KickWaiter(reactor(), device.ops()))) {
            new DeviceBinding(device, () -> settings, reactor(), new Lane(threads), closed -> { }).rehearse(frontEnd.run());
        }
    }

    @Override
    public HandoverBinding adopt(VdpaDevice device, Handover state) throws VdpaException {
        DeviceBinding binding = new DeviceBinding(device, () -> settings, reactor(), new Lane(threads), bindings::remove);
        binding.adopt(state);
        bindings.add(binding);
        return binding;
    }

    private void configure(VhostUserConfig config) {
        try {
            settings = Settings.of(config);
            problem = Health.OK;
        } catch (IllegalArgumentException e) {
            problem = new Health(Reason.CONFIG_INVALID, e.getMessage());
            LOG.warn("settings of {} are wrong: {}", PID, e.getMessage());
        }
    }

    private void listen(DeviceBinding binding) throws VdpaException {
        Health now = problem;
        Optional<Path> directory = settings.socketDir();
        if (now.ok() && directory.isPresent()) {
            binding.listen(directory.get());
        } else {
            binding.cannotListen(now.ok() ? NO_DIRECTORY : now);
        }
    }

    private synchronized Reactor reactor() throws VdpaException {
        try {
            if (reactor == null) {
                reactor = Reactor.start();
            }
            return reactor;
        } catch (NativeAccessDeniedException e) {
            throw new VdpaException(VdpaError.EPERM, Reason.NATIVE_ACCESS_DISABLED, e.getMessage(), e);
        } catch (LinuxException e) {
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL, e.getMessage(), e);
        }
    }
}
