package io.busbar.tools.shell.vdpa;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaBus;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.api.vdpa.VdpaManagementDevice;
import io.busbar.tools.shell.Inventory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What may come next on a {@code vdpa} command line. */
final class VdpaCompletion {

    private static final List<String> SHOW = List.of("show", "list", "help");

    private final Inventory inventory;

    VdpaCompletion(Inventory inventory) {
        this.inventory = inventory;
    }

    List<String> complete(List<String> before) {
        List<String> words = before.stream().filter(word -> !word.startsWith("-")).toList();
        List<String> next = new ArrayList<>(next(words));
        next.addAll(VdpaOptions.names());
        return next;
    }

    private List<String> next(List<String> words) {
        if (words.isEmpty()) {
            return List.of("mgmtdev", "dev", "help");
        }
        List<String> rest = words.subList(1, words.size());
        if (Words.matches(words.getFirst(), "mgmtdev")) {
            return managementDevice(rest);
        }
        return Words.matches(words.getFirst(), "dev") ? device(rest) : List.of();
    }

    private List<String> managementDevice(List<String> words) {
        return switch (words.size()) {
            case 0 -> SHOW;
            case 1 -> managementDeviceNames();
            default -> List.of();
        };
    }

    private List<String> device(List<String> words) {
        if (words.isEmpty()) {
            return List.of("show", "list", "add", "del", "config", "vstats", "set", "help");
        }
        String command = words.getFirst();
        List<String> rest = words.subList(1, words.size());
        if (Words.matches(command, "add")) {
            return add(rest);
        }
        if (Words.matches(command, "config")) {
            return rest.isEmpty() ? List.of("show", "help") : name(rest.subList(1, rest.size()));
        }
        if (command.equals("vstats")) {
            return statistics(rest);
        }
        if (command.equals("set")) {
            return set(rest);
        }
        return name(rest);
    }

    private List<String> name(List<String> words) {
        return words.isEmpty() ? deviceNames() : List.of();
    }

    private List<String> statistics(List<String> words) {
        return switch (words.size()) {
            case 0 -> List.of("show", "help");
            case 1 -> deviceNames();
            case 2 -> List.of("qidx");
            case 3 -> queues(words.get(1));
            default -> List.of();
        };
    }

    private List<String> queues(String name) {
        Handle handle = Handle.device(name);
        int count = inventory.bus(handle.bus()).flatMap(bus -> bus.device(handle.name())).map(VdpaDevice::vqCount).orElse(0);
        return IntStream.range(0, count).mapToObj(String::valueOf).toList();
    }

    private List<String> set(List<String> words) {
        if (!words.isEmpty() && words.getLast().equals("name") && words.size() % 2 == 1) {
            return deviceNames();
        }
        return words.size() % 2 == 0 ? List.of("name", DevAdd.MAC) : List.of();
    }

    private List<String> add(List<String> words) {
        return words.size() % 2 == 0 ? keys(words) : values(words);
    }

    private List<String> keys(List<String> words) {
        List<String> used = IntStream.range(0, words.size() / 2).mapToObj(i -> words.get(2 * i)).toList();
        Stream<String> ours = Stream.of("name", "mgmtdev", DevAdd.BACKEND, DevAdd.DRIVER_OVERRIDE, DevAdd.BUS);
        return Stream.concat(ours, specs(words).map(WordSpec::name))
                .distinct()
                .filter(word -> !used.contains(word))
                .toList();
    }

    private List<String> values(List<String> words) {
        String key = words.getLast();
        return switch (key) {
            case "mgmtdev" -> managementDeviceNames();
            case DevAdd.BACKEND -> backends(words).map(BackendFactory::name).distinct().toList();
            case DevAdd.BUS -> inventory.buses().stream().map(VdpaBus::name).toList();
            case DevAdd.DRIVER_OVERRIDE -> busDrivers();
            default -> specs(words)
                    .filter(spec -> spec.name().equals(key))
                    .flatMap(spec -> spec.choices().stream())
                    .toList();
        };
    }

    /** The words of the management device and of the backend that were named. */
    private Stream<WordSpec> specs(List<String> words) {
        Optional<String> mgmtdev = value(words, "mgmtdev");
        Optional<String> backend = value(words, DevAdd.BACKEND);
        return Stream.concat(
                managementDevices().filter(device -> mgmtdev.filter(device.name()::equals).isPresent())
                        .flatMap(device -> WordSpec.of(device).stream()),
                backends(words).filter(factory -> backend.filter(factory.name()::equals).isPresent())
                        .flatMap(factory -> WordSpec.of(factory).stream()));
    }

    /** The backends of the kind that the management device that was named has; all if none was. */
    private Stream<BackendFactory> backends(List<String> words) {
        Optional<String> mgmtdev = value(words, "mgmtdev");
        Set<String> kinds = managementDevices()
                .filter(device -> mgmtdev.filter(device.name()::equals).isPresent())
                .flatMap(device -> device.supportedClasses().stream())
                .map(ClassNames::ofClass)
                .collect(Collectors.toUnmodifiableSet());
        return inventory.backends().stream().filter(factory -> kinds.isEmpty() || kinds.contains(factory.type()));
    }

    private static Optional<String> value(List<String> words, String key) {
        return IntStream.range(0, words.size() / 2)
                .filter(i -> words.get(2 * i).equals(key))
                .mapToObj(i -> words.get(2 * i + 1))
                .findFirst();
    }

    private Stream<VdpaManagementDevice> managementDevices() {
        return inventory.buses().stream().flatMap(bus -> bus.managementDevices().stream());
    }

    private List<String> managementDeviceNames() {
        return inventory.buses().stream()
                .flatMap(bus -> bus.managementDevices().stream().map(device -> Handle.show(bus.name(), device.name())))
                .toList();
    }

    private List<String> deviceNames() {
        return inventory.buses().stream()
                .flatMap(bus -> bus.snapshot().devices().stream().map(device -> Handle.show(bus.name(), device.name())))
                .toList();
    }

    private List<String> busDrivers() {
        return inventory.buses().stream()
                .flatMap(bus -> bus.snapshot().parts().stream())
                .filter(part -> part.kind() == BusSnapshot.Kind.BUS_DRIVER)
                .map(BusSnapshot.Part::name)
                .distinct()
                .toList();
    }
}
