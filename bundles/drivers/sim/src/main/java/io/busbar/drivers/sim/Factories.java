package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.device.DeviceModelFactory;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** The backends and device models that are there; of several with one name the one that came first. Any thread. */
final class Factories {

    private final List<BackendFactory> backends = new CopyOnWriteArrayList<>();
    private final List<DeviceModelFactory> models = new CopyOnWriteArrayList<>();

    void add(BackendFactory factory) {
        backends.add(factory);
    }

    void remove(BackendFactory factory) {
        backends.removeIf(there -> there == factory);
    }

    void add(DeviceModelFactory factory) {
        models.add(factory);
    }

    void remove(DeviceModelFactory factory) {
        models.removeIf(there -> there == factory);
    }

    Optional<BackendFactory> backend(String type, String name) {
        return backends.stream()
                .filter(factory -> factory.type().equals(type) && factory.name().equals(name))
                .findFirst();
    }

    Optional<DeviceModelFactory> model(int deviceId) {
        return models.stream().filter(factory -> factory.deviceId() == deviceId).findFirst();
    }

    boolean has(BackendFactory factory) {
        return backends.stream().anyMatch(there -> there == factory);
    }

    boolean has(DeviceModelFactory factory) {
        return models.stream().anyMatch(there -> there == factory);
    }

    /** Returns the names of backends of one type, sorted. */
    List<String> backendNames(String type) {
        return backends.stream()
                .filter(factory -> factory.type().equals(type))
                .map(BackendFactory::name)
                .distinct()
                .sorted()
                .toList();
    }
}
