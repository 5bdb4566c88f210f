package io.busbar.tools.plug;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;

/** Bundles of the framework: what can be done with one. */
final class Framework {

    private static final long REFRESH_SECONDS = 10;

    private final BundleContext context;
    private final Missing missing;

    Framework(BundleContext context, Missing missing) {
        this.context = context;
        this.missing = missing;
    }

    /** Installs a file in its place. Several of one name and version may be there. */
    Bundle install(Path file) throws PlugException {
        try {
            Bundle bundle = context.installBundle("reference:" + file.toUri());
            // That of the parts that are plugged in: at the end they stop after who uses them.
            bundle.adapt(BundleStartLevel.class)
                    .setStartLevel(context.getBundle().adapt(BundleStartLevel.class).getStartLevel());
            return bundle;
        } catch (BundleException e) {
            throw new PlugException("the framework refuses it: " + e.getMessage(), e);
        }
    }

    /** Starts a bundle, or says what it lacks. */
    void start(Bundle bundle) throws PlugException {
        try {
            bundle.start(Bundle.START_ACTIVATION_POLICY);
        } catch (BundleException e) {
            throw new PlugException(Plugged.origin(bundle) + why(bundle, e), e);
        }
    }

    private String why(Bundle bundle, BundleException e) {
        if (e.getType() != BundleException.RESOLVE_ERROR) {
            return " does not start: " + (e.getCause() == null ? e.getMessage() : e.getCause().toString());
        }
        List<String> sentences = missing.of(bundle);
        return " does not resolve: " + (sentences.isEmpty() ? e.getMessage() : String.join("; ", sentences));
    }

    /** Stops a bundle, which can be started again. */
    void stop(Bundle bundle) throws PlugException {
        try {
            bundle.stop(Bundle.STOP_TRANSIENT);
        } catch (BundleException e) {
            throw new PlugException(Plugged.origin(bundle) + " does not stop: " + e.getMessage(), e);
        }
    }

    /** Takes a bundle away, and its classes with it. */
    void uninstall(Bundle bundle) throws PlugException {
        if (bundle.getState() == Bundle.UNINSTALLED) {
            return;
        }
        try {
            bundle.uninstall();
        } catch (BundleException e) {
            throw new PlugException(Plugged.origin(bundle) + " cannot be uninstalled: " + e.getMessage(), e);
        }
        forget(bundle);
    }

    /** The framework keeps what was uninstalled as long as others use it: then it is left to them, as they would be restarted. */
    private void forget(Bundle bundle) {
        FrameworkWiring wiring = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkWiring.class);
        Collection<Bundle> touched = wiring.getDependencyClosure(List.of(bundle));
        if (touched.stream().anyMatch(other -> other != bundle && other.getState() != Bundle.UNINSTALLED)) {
            return;
        }
        CountDownLatch forgotten = new CountDownLatch(1);
        wiring.refreshBundles(List.of(bundle), _ -> forgotten.countDown());
        try {
            forgotten.await(REFRESH_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns whether other bundles use its packages or capabilities. */
    boolean isUsedByBundles(Bundle bundle) {
        BundleWiring wiring = bundle.adapt(BundleWiring.class);
        return wiring != null
                && wiring.getProvidedWires(null).stream()
                        .anyMatch(wire -> wire.getRequirer().getBundle() != bundle);
    }

    List<Bundle> bundles() {
        return List.of(context.getBundles());
    }

    /** Returns the bundles of a symbolic name, the last one that was installed last. */
    List<Bundle> named(String symbolicName) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> symbolicName.equals(bundle.getSymbolicName()))
                .sorted(Comparator.comparingLong(Bundle::getBundleId))
                .toList();
    }
}
