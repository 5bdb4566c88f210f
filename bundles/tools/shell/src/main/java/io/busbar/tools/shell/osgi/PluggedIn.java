package io.busbar.tools.shell.osgi;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.command.ShellCommand;
import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.ConsoleDriver;
import io.busbar.api.driver.DeviceDriver;
import io.busbar.api.driver.NetDriver;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.tools.shell.Inventory;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** The services that are there at this moment. */
@Component(service = Inventory.class)
public final class PluggedIn implements Inventory {

    private static final Comparator<VdpaBus> HOST_FIRST =
            Comparator.comparing((VdpaBus bus) -> !bus.name().equals(VdpaBus.HOST)).thenComparing(VdpaBus::name);

    private final List<VdpaBus> buses = new CopyOnWriteArrayList<>();
    private final List<BackendFactory> backends = new CopyOnWriteArrayList<>();
    private final List<DeviceDriver> driven = new CopyOnWriteArrayList<>();
    private final List<ShellCommand> commands = new CopyOnWriteArrayList<>();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addBus(VdpaBus bus) {
        buses.add(bus);
    }

    void removeBus(VdpaBus bus) {
        buses.remove(bus);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addBackend(BackendFactory backend) {
        backends.add(backend);
    }

    void removeBackend(BackendFactory backend) {
        backends.remove(backend);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addDisk(BlockDriver disk) {
        driven.add(disk);
    }

    void removeDisk(BlockDriver disk) {
        driven.remove(disk);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addCard(NetDriver card) {
        driven.add(card);
    }

    void removeCard(NetDriver card) {
        driven.remove(card);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addConsole(ConsoleDriver console) {
        driven.add(console);
    }

    void removeConsole(ConsoleDriver console) {
        driven.remove(console);
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addCommand(ShellCommand command) {
        commands.add(command);
    }

    void removeCommand(ShellCommand command) {
        commands.remove(command);
    }

    @Override
    public List<VdpaBus> buses() {
        return buses.stream().sorted(HOST_FIRST).toList();
    }

    @Override
    public List<BackendFactory> backends() {
        return backends.stream()
                .sorted(Comparator.comparing(BackendFactory::type).thenComparing(BackendFactory::name))
                .toList();
    }

    @Override
    public List<DeviceDriver> driven() {
        return List.copyOf(driven);
    }

    /** While a bundle is replaced its command is there twice: the one that came last counts. */
    @Override
    public List<ShellCommand> commands() {
        TreeMap<String, ShellCommand> byName = new TreeMap<>();
        commands.forEach(command -> byName.put(command.name(), command));
        return List.copyOf(byName.values());
    }
}
