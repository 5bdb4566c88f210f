package io.busbar.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.apache.felix.framework.Felix;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;
import org.slf4j.LoggerFactory;

/**
 * An OSGi framework with the bundles of a distribution's features, installed in place and started one after the other,
 * by start level.
 *
 * <p>Bundles of the first start level are the framework's services; configurations are applied after them and before
 * ours, so that no component of ours starts twice.
 */
final class BusbarFramework {
    private static final int LEVEL_OF_SERVICES = 1;
    private static final long SERVICE_DEADLINE_MILLIS = 30_000;
    private static final int LAST_LEVEL = Feature.LAST_START_LEVEL;
    /** Any location: a configuration belongs to no bundle. */
    private static final String ANY_LOCATION = "?";

    private final Path bundleDirectory;
    private final Framework framework;
    private final List<String> failures = new ArrayList<>();

    /**
     * @param bundleDirectory the bundles of the distribution
     * @param cache the framework's own files, made anew
     */
    BusbarFramework(Path bundleDirectory, Path cache) {
        this.bundleDirectory = bundleDirectory;
        var properties = new HashMap<String, Object>();
        properties.put(Constants.FRAMEWORK_STORAGE, cache.toString());
        properties.put(Constants.FRAMEWORK_STORAGE_CLEAN, Constants.FRAMEWORK_STORAGE_CLEAN_ONFIRSTINIT);
        properties.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, SystemPackages.EXTRA);
        // Bundles are started one by one, below this level; it is what the framework stops them by, the highest first.
        properties.put(Constants.FRAMEWORK_BEGINNING_STARTLEVEL, Integer.toString(LAST_LEVEL));
        properties.put(Constants.FRAMEWORK_BSNVERSION, Constants.FRAMEWORK_BSNVERSION_MULTIPLE);
        properties.put("felix.log.logger", new FrameworkLog());
        properties.put("felix.log.level", "2");
        this.framework = new Felix(properties);
    }

    /**
     * Installs and starts everything.
     *
     * @param features what to install
     * @param configurations PID to properties
     * @throws BundleException if the framework itself does not start
     * @throws IOException if a configuration cannot be stored
     * @throws UsageException if bundles are missing, unresolved or did not start; the message has a line for each
     */
    void start(List<Feature> features, Map<String, Map<String, Object>> configurations)
            throws BundleException, IOException, UsageException {
        var ids = features.stream()
                .flatMap(feature -> feature.bundles().stream())
                .distinct()
                .sorted(Comparator.comparingInt(Feature.BundleId::startLevel))
                .toList();
        framework.init();
        framework.start();
        var installed = new LinkedHashMap<Bundle, Integer>();
        for (var id : ids) {
            install(id, installed);
        }
        startWhere(installed, level -> level <= LEVEL_OF_SERVICES);
        configure(configurations);
        startWhere(installed, level -> level > LEVEL_OF_SERVICES);
        if (!failures.isEmpty()) {
            throw new UsageException(String.join("\n", failures));
        }
    }

    private void install(Feature.BundleId id, Map<Bundle, Integer> installed) {
        var file = bundleDirectory.resolve(id.fileName());
        if (!Files.isReadable(file)) {
            failures.add("bundle " + id.fileName() + " is missing: " + file + " was expected");
            return;
        }
        try {
            var bundle = framework.getBundleContext().installBundle("reference:" + file.toUri());
            bundle.adapt(BundleStartLevel.class).setStartLevel(id.startLevel());
            installed.put(bundle, id.startLevel());
        } catch (BundleException e) {
            failures.add("bundle " + id.fileName() + " cannot be installed: " + e.getMessage());
        }
    }

    private void startWhere(Map<Bundle, Integer> installed, IntPredicate level) {
        installed.forEach((bundle, itsLevel) -> {
            if (level.test(itsLevel) && !isFragment(bundle)) {
                try {
                    bundle.start(Bundle.START_ACTIVATION_POLICY);
                } catch (BundleException e) {
                    failures.add("bundle " + bundle.getSymbolicName() + " did not start: " + reason(e));
                }
            }
        });
    }

    private static boolean isFragment(Bundle bundle) {
        return (bundle.adapt(BundleRevision.class).getTypes() & BundleRevision.TYPE_FRAGMENT) != 0;
    }

    /** The framework says which requirement is missing; what an activator threw is the cause. */
    private static String reason(BundleException e) {
        return e.getType() == BundleException.ACTIVATOR_ERROR && e.getCause() != null
                ? e.getCause().toString()
                : e.getMessage();
    }

    /**
     * Gives parts other settings while they run.
     *
     * @param configurations PID to properties, in place of those that it had
     */
    void configure(Map<String, Map<String, Object>> configurations) throws IOException, UsageException {
        var context = framework.getBundleContext();
        var reference = context.getServiceReference(ConfigurationAdmin.class);
        if (reference == null) {
            throw new UsageException("no ConfigurationAdmin is running, so nothing can be configured: "
                    + (failures.isEmpty() ? "no feature installs one" : String.join("\n", failures)));
        }
        var admin = context.getService(reference);
        for (var entry : configurations.entrySet()) {
            configuration(admin, entry.getKey()).update(new Hashtable<>(entry.getValue()));
        }
        context.ungetService(reference);
    }

    private static Configuration configuration(ConfigurationAdmin admin, String pid) throws IOException {
        var tilde = pid.indexOf('~');
        return tilde < 0
                ? admin.getConfiguration(pid, ANY_LOCATION)
                : admin.getFactoryConfiguration(pid.substring(0, tilde), pid.substring(tilde + 1), ANY_LOCATION);
    }

    /**
     * Waits for a service that a bundle registers soon.
     *
     * @param type of the JDK
     * @param property that the service has
     * @throws IOException if it does not come in time
     */
    <T> T awaitService(Class<T> type, String property) throws IOException, InterruptedException {
        var tracker = new ServiceTracker<T, T>(framework.getBundleContext(), filter(type, property), null);
        tracker.open();
        try {
            var service = tracker.waitForService(SERVICE_DEADLINE_MILLIS);
            if (service == null) {
                throw new IOException("no service with the property " + property + " after " + SERVICE_DEADLINE_MILLIS + " ms");
            }
            return service;
        } finally {
            tracker.close();
        }
    }

    private static Filter filter(Class<?> type, String property) {
        try {
            return FrameworkUtil.createFilter("(&(" + Constants.OBJECTCLASS + "=" + type.getName() + ")(" + property + "=*))");
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Waits until somebody stops the framework. */
    void awaitStop() throws InterruptedException {
        framework.waitForStop(0);
    }

    /**
     * Stops all bundles, the highest start level first, and then the framework.
     *
     * @param deadlineMillis how long that may take
     * @return true if it is stopped, false if the deadline has passed
     */
    boolean stop(long deadlineMillis) throws InterruptedException {
        try {
            framework.stop();
        } catch (BundleException e) {
            LoggerFactory.getLogger(BusbarFramework.class).warn("the framework did not stop", e);
        }
        return framework.waitForStop(deadlineMillis).getType() != FrameworkEvent.WAIT_TIMEDOUT;
    }
}
