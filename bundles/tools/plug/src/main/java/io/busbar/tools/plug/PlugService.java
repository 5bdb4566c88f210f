package io.busbar.tools.plug;

import io.busbar.api.command.ShellCommand;
import io.busbar.api.vdpa.PartPreference;
import io.busbar.api.vdpa.VdpaBus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.Designate;

/** Brings back what was installed, watches the deploy directory, and registers the commands. */
@Component(name = "io.busbar.tools.plug", service = {}, immediate = true)
@Designate(ocd = PlugConfiguration.class)
@Capability(namespace = "osgi.service", attribute = "objectClass:List<String>=\"io.busbar.api.command.ShellCommand\"")
public final class PlugService {

    private final Collection<VdpaBus> buses = new CopyOnWriteArrayList<>();
    private final List<ServiceRegistration<ShellCommand>> registrations = new ArrayList<>();
    private final PartPreference preference;
    private Optional<DeployFolder> folder = Optional.empty();

    /**
     * Made by Declarative Services.
     *
     * @param preference says which of several bundles' parts are used
     */
    @Activate
    public PlugService(@Reference PartPreference preference) {
        this.preference = preference;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindBus(VdpaBus bus) {
        buses.add(bus);
    }

    void unbindBus(VdpaBus bus) {
        buses.remove(bus);
    }

    @Activate
    void start(BundleContext context, PlugConfiguration configuration) {
        Places places = Places.of(configuration, context);
        Framework framework = new Framework(context, new Missing(context, places.bundles(), places.features()));
        Gate gate = new Gate(
                path(configuration.requireChecksum()), path(configuration.requireSignature()), configuration.keystorePassword());
        Plugs plugs = new Plugs(framework, new Shelf(places.shelf()), gate, preference, buses);
        plugs.restore();
        folder = places.deploy().map(directory -> new DeployFolder(directory, plugs));
        folder.ifPresent(DeployFolder::start);
        Sources sources = new Sources(places.bundles(), places.repository());
        BundleTable table = new BundleTable(framework, plugs, buses, places.bundles(), folder);
        for (ShellCommand command : List.of(
                new InstallCommand(plugs, sources), new UpdateCommand(plugs, sources), new UninstallCommand(plugs, table),
                new BundleCommand(table))) {
            registrations.add(context.registerService(ShellCommand.class, command, null));
        }
    }

    static Optional<Path> path(String text) {
        return text.isBlank() ? Optional.empty() : Optional.of(Path.of(text.strip()));
    }

    /** What is plugged in stays. */
    @Deactivate
    void stop() {
        registrations.forEach(ServiceRegistration::unregister);
        folder.ifPresent(DeployFolder::close);
    }
}
