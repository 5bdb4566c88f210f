package io.busbar.itests.framework;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectUniqueId;

import io.busbar.itests.Distribution;
import io.busbar.runtime.Feature;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Hashtable;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.opentest4j.TestAbortedException;
import org.osgi.framework.BundleContext;
import org.osgi.framework.startlevel.FrameworkStartLevel;
import org.osgi.service.cm.ConfigurationAdmin;

/** The inner side of {@link InFramework}: its methods are called in the probe bundle. */
public final class Probe {
    private static final Duration START_DEADLINE = Duration.ofSeconds(60);
    private static final int LAST_LEVEL = InFramework.LEVEL_OFFSET + 9;

    /** For Pax Exam. */
    public Probe() {}

    /** Applies the features' configurations, with state and sockets in a directory of the test; then starts our bundles. */
    public void begin(BundleContext context) throws Exception {
        goTo(InFramework.LEVEL_OFFSET + 1, context);
        var admin = context.getService(context.getServiceReference(ConfigurationAdmin.class));
        var state = Path.of(System.getProperty(InFramework.STATE));
        for (var feature : Feature.readAll(Distribution.home().resolve("features"))) {
            for (var configuration : feature.configurations()) {
                admin.getConfiguration(configuration.pid(), "?").update(new Hashtable<>(configuration.properties()));
            }
        }
        put(admin, "io.busbar.core.bus", "stateDir", state);
        put(admin, "io.busbar.busdrivers.vhostuser", "socketDir", state);
        put(admin, "io.busbar.tools.shell", "controlSocket", state.resolve("control.sock"));
        goTo(LAST_LEVEL, context);
    }

    private static void goTo(int level, BundleContext context) throws InterruptedException {
        var reached = new CountDownLatch(1);
        context.getBundle(0).adapt(FrameworkStartLevel.class).setStartLevel(level, _ -> reached.countDown());
        if (!reached.await(START_DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the framework has not reached start level " + level + " in " + START_DEADLINE);
        }
    }

    private static void put(ConfigurationAdmin admin, String pid, String key, Path value) throws Exception {
        var configuration = admin.getConfiguration(pid, "?");
        var properties = configuration.getProperties() == null ? new Hashtable<String, Object>() : configuration.getProperties();
        properties.put(key, value.toString());
        configuration.update(properties);
    }

    /** Runs one test, and throws what it threw. */
    public void run(BundleContext context, String uniqueId) throws Throwable {
        var thread = Thread.currentThread();
        var before = thread.getContextClassLoader();
        thread.setContextClassLoader(Probe.class.getClassLoader());
        try {
            var results = new Results();
            LauncherFactory.create(onlyJupiter()).execute(request(uniqueId), results);
            results.throwFirst(uniqueId);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private static LauncherConfig onlyJupiter() {
        return LauncherConfig.builder()
                .enableTestEngineAutoRegistration(false)
                .enableLauncherSessionListenerAutoRegistration(false)
                .enableLauncherDiscoveryListenerAutoRegistration(false)
                .enablePostDiscoveryFilterAutoRegistration(false)
                .enableTestExecutionListenerAutoRegistration(false)
                .addTestEngines(new JupiterTestEngine())
                .build();
    }

    private static LauncherDiscoveryRequest request(String uniqueId) {
        return LauncherDiscoveryRequestBuilder.request()
                .selectors(selectUniqueId(uniqueId))
                .build();
    }

    /** A test that did not run is a failure as well: its id was not understood. */
    private static final class Results implements TestExecutionListener {
        private final List<Throwable> failures = new ArrayList<>();
        private int finished;

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            result.getThrowable().ifPresent(failures::add);
            if (test.isTest()) {
                finished++;
            }
        }

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            failures.add(new TestAbortedException(reason));
        }

        void throwFirst(String uniqueId) throws Throwable {
            if (!failures.isEmpty()) {
                throw failures.getFirst();
            }
            if (finished != 1) {
                throw new AssertionError(finished + " tests ran for " + uniqueId + ", 1 was expected");
            }
        }
    }
}
