package io.busbar.drivers.sim;

import io.busbar.api.backend.BackendFactory;
import io.busbar.api.device.DeviceModelFactory;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.Version;

/**
 * The backends and device models that are there. Of several with one name it is the one whose service ranks highest, which is said of a
 * bundle that replaces another one; else that of the bundle with the highest version, and of bundles with one version that of the one
 * installed last: so a new version is used as soon as it is there, by whoever opens something. Any thread.
 */
final class Factories {

    private static final IntSupplier UNRANKED = () -> 0;

    private final List<Entry<BackendFactory>> backends = new CopyOnWriteArrayList<>();
    private final List<Entry<DeviceModelFactory>> models = new CopyOnWriteArrayList<>();

    /** A factory and the bundle that it comes from. */
    private record Entry<T>(T factory, String origin, IntSupplier rank, Version version, long bundle) {

        private static final Comparator<Entry<?>> AGE = Comparator.<Entry<?>>comparingInt(entry -> entry.rank().getAsInt())
                .thenComparing(Entry::version)
                .thenComparingLong(Entry::bundle);

        static <T> Entry<T> of(T factory, Bundle bundle, IntSupplier rank) {
            return bundle == null
                    ? new Entry<>(factory, "", rank, Version.emptyVersion, 0)
                    : new Entry<>(factory, bundle.getSymbolicName() + " " + bundle.getVersion(), rank, bundle.getVersion(),
                            bundle.getBundleId());
        }
    }

    /** A backend came; one that no bundle has brought, but a part of the program, has null. */
    void add(BackendFactory factory, Bundle bundle) {
        add(factory, bundle, UNRANKED);
    }

    /** As the other one, with the rank of its service, which may change. */
    void add(BackendFactory factory, Bundle bundle, IntSupplier rank) {
        backends.add(Entry.of(factory, bundle, rank));
    }

    void remove(BackendFactory factory) {
        backends.removeIf(entry -> entry.factory() == factory);
    }

    /** A device model came, as {@link #add(BackendFactory, Bundle)}. */
    void add(DeviceModelFactory factory, Bundle bundle) {
        add(factory, bundle, UNRANKED);
    }

    /** As the other one, with the rank of its service, which may change. */
    void add(DeviceModelFactory factory, Bundle bundle, IntSupplier rank) {
        models.add(Entry.of(factory, bundle, rank));
    }

    void remove(DeviceModelFactory factory) {
        models.removeIf(entry -> entry.factory() == factory);
    }

    Optional<BackendFactory> backend(String type, String name) {
        return backends.stream()
                .filter(entry -> entry.factory().type().equals(type) && entry.factory().name().equals(name))
                .max(Entry.AGE)
                .map(Entry::factory);
    }

    Optional<DeviceModelFactory> model(int deviceId) {
        return models.stream()
                .filter(entry -> entry.factory().deviceId() == deviceId)
                .max(Entry.AGE)
                .map(Entry::factory);
    }

    boolean has(BackendFactory factory) {
        return backends.stream().anyMatch(entry -> entry.factory() == factory);
    }

    boolean has(DeviceModelFactory factory) {
        return models.stream().anyMatch(entry -> entry.factory() == factory);
    }

    /** Returns which bundle a model's factory comes from; empty if it is not there any more. */
    String origin(DeviceModelFactory factory) {
        return models.stream().filter(entry -> entry.factory() == factory).map(Entry::origin).findFirst().orElse("");
    }

    /** Returns the names of backends of one type, sorted. */
    List<String> backendNames(String type) {
        return backends.stream()
                .map(Entry::factory)
                .filter(factory -> factory.type().equals(type))
                .map(BackendFactory::name)
                .distinct()
                .sorted()
                .toList();
    }
}
