package io.busbar.core.bus;

import io.busbar.api.backend.BackendType;
import io.busbar.api.device.DeviceModelType;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.PartPreference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.util.tracker.BundleTracker;
import org.osgi.util.tracker.BundleTrackerCustomizer;

/**
 * Knows which management devices and bus drivers active bundles name, and makes services of the classes that active bundles name in their capabilities {@value BackendType#NAMESPACE} and
 * {@value DeviceModelType#NAMESPACE}, in the name of those bundles. A class that cannot be used is shown with the reason.
 */
@Component(service = {PluginExtender.class, PartPreference.class})
public final class PluginExtender implements BundleTrackerCustomizer<List<Plugin>>, PartPreference {

    private final BundleTracker<List<Plugin>> tracker;
    private final List<Plugin> plugins = new CopyOnWriteArrayList<>();
    private final Map<Bundle, List<BusSnapshot.Part>> drivers = new ConcurrentHashMap<>();
    private final AtomicInteger rank = new AtomicInteger();

    /**
     * Made by Declarative Services; looks at all bundles from now on.
     *
     * @param context of this bundle
     */
    @Activate
    public PluginExtender(BundleContext context) {
        tracker = new BundleTracker<>(context, Bundle.ACTIVE, this);
        tracker.open();
    }

    @Deactivate
    void stop() {
        tracker.close();
    }

    /**
     * Returns the backends and device models that are there, whether they can be used or not, and the management devices and bus drivers
     * that bundles name, which register themselves.
     */
    List<BusSnapshot.Part> parts() {
        return Stream.concat(drivers.values().stream().flatMap(List::stream), plugins.stream().map(Plugin::part)).toList();
    }

    /** The preference is the rank of the services. */
    @Override
    public void prefer(long bundleId) {
        int next = rank.incrementAndGet();
        plugins.forEach(plugin -> plugin.rank(bundleId, next));
    }

    @Override
    public List<Plugin> addingBundle(Bundle bundle, BundleEvent event) {
        BundleRevision revision = bundle.adapt(BundleRevision.class);
        List<Plugin> found = new ArrayList<>();
        for (BundleCapability capability : revision.getDeclaredCapabilities(BackendType.NAMESPACE)) {
            found.add(BackendPlugins.of(bundle, capability.getAttributes()));
        }
        for (BundleCapability capability : revision.getDeclaredCapabilities(DeviceModelType.NAMESPACE)) {
            found.add(DeviceModelPlugins.of(bundle, capability.getAttributes()));
        }
        plugins.addAll(found);
        List<BusSnapshot.Part> named = DeclaredDrivers.of(bundle);
        if (!named.isEmpty()) {
            drivers.put(bundle, named);
        }
        return found.isEmpty() && named.isEmpty() ? null : found;
    }

    @Override
    public void modifiedBundle(Bundle bundle, BundleEvent event, List<Plugin> found) {
        // A bundle that stays active keeps its capabilities.
    }

    @Override
    public void removedBundle(Bundle bundle, BundleEvent event, List<Plugin> found) {
        found.forEach(Plugin::unregister);
        plugins.removeAll(found);
        drivers.remove(bundle);
    }
}
