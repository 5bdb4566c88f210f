package io.busbar.core.bus;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaBuses;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/**
 * The buses: {@code host}, which is there as long as this component is, and those that others open. Each keeps its devices in
 * a directory of its own.
 */
@Component(name = "io.busbar.core.bus", service = VdpaBuses.class, immediate = true)
@Designate(ocd = BusConfiguration.class)
@Capability(namespace = "osgi.service", attribute = "objectClass:List<String>=\"io.busbar.api.vdpa.VdpaBus\"")
public final class Buses implements VdpaBuses {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,31}");
    /** In the directory of state, of buses other than the host's. */
    private static final String FOLDER = "buses";

    private final BundleContext context;
    private final PluginExtender plugins;
    private final Map<String, ServedBus> open = new LinkedHashMap<>();
    private volatile Optional<Path> stateDir;
    private boolean stopped;

    /**
     * Made by Declarative Services.
     *
     * @param context       of this bundle
     * @param plugins       the backends and device models that are there
     * @param configuration settings
     */
    @Activate
    public Buses(BundleContext context, @Reference PluginExtender plugins, BusConfiguration configuration) {
        this.context = context;
        this.plugins = plugins;
        stateDir = stateDir(configuration);
        ServedBus host = new ServedBus(
                context, VdpaBus.HOST, parts -> DeclaredDrivers.merge(parts, plugins.parts()), this::forget);
        open.put(VdpaBus.HOST, host);
        host.start(store(VdpaBus.HOST));
    }

    /** Another directory is used from now on; devices that are there stay. */
    @Modified
    synchronized void modified(BusConfiguration configuration) {
        Optional<Path> wanted = stateDir(configuration);
        if (wanted.isEmpty() || !wanted.equals(stateDir)) {
            stateDir = wanted;
            open.forEach((name, bus) -> bus.keep(store(name)));
        }
    }

    @Deactivate
    void stop() {
        List<ServedBus> left;
        synchronized (this) {
            stopped = true;
            left = List.copyOf(open.values());
        }
        left.reversed().forEach(ServedBus::close);
    }

    @Override
    public OpenBus open(String name) throws VdpaException {
        if (!NAME.matcher(name).matches()) {
            throw new VdpaException(VdpaError.EINVAL, "bus name \"" + name
                    + "\": expected 1 to 32 letters, digits, '.', '_' and '-', with a letter or digit first");
        }
        // Backends and models are the process's, and shown with the host's bus.
        ServedBus bus = new ServedBus(context, name, parts -> DeclaredDrivers.typed(parts, plugins.parts()), this::forget);
        synchronized (this) {
            if (stopped) {
                throw new VdpaException(VdpaError.ENODEV, "bus " + name + " cannot be opened: buses are gone");
            }
            if (open.putIfAbsent(name, bus) != null) {
                throw new VdpaException(VdpaError.EEXIST, Reason.IN_USE, "bus " + name + " is open: expected one that is not", null);
            }
        }
        // Not under the lock: services that are taken up may be made by this.
        bus.start(store(name));
        return bus;
    }

    private synchronized void forget(ServedBus bus) {
        open.remove(bus.bus().name(), bus);
    }

    private Optional<DeviceStore> store(String name) {
        return stateDir.map(directory -> new DeviceStore(
                name.equals(VdpaBus.HOST) ? directory : directory.resolve(FOLDER).resolve(name)));
    }

    private static Optional<Path> stateDir(BusConfiguration configuration) {
        return Optional.of(configuration.stateDir()).filter(text -> !text.isBlank()).map(Path::of);
    }
}
