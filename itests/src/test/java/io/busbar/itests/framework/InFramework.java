package io.busbar.itests.framework;

import static org.ops4j.pax.exam.CoreOptions.bootDelegationPackages;
import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.frameworkStartLevel;
import static org.ops4j.pax.exam.CoreOptions.systemPackages;

import io.busbar.itests.Distribution;
import io.busbar.runtime.Feature;
import io.busbar.runtime.SystemPackages;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestAddress;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.TestContainerException;
import org.ops4j.pax.exam.spi.PaxExamRuntime;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleReference;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;

/**
 * Runs the tests of a class inside a framework that Pax Exam starts with the distribution's bundles: installed in
 * place, with the system packages and the start levels of the launcher.
 *
 * <p>The extension works on both sides. Outside, it starts the framework before the class's first test, and replaces
 * each invocation of a test by a call into the probe bundle, which names the test by its unique id. Inside, where
 * {@link Probe} runs that one test with a Jupiter engine, it lets the test through and resolves a
 * {@link BundleContext} parameter. JUnit's and AssertJ's classes are shared between both sides, so failures, skips and
 * assumptions cross as they are.
 */
public final class InFramework implements BeforeAllCallback, AfterAllCallback, InvocationInterceptor, ParameterResolver {
    /** Bundles of the distribution start above Pax Exam's own. */
    static final int LEVEL_OFFSET = 10;

    /** The system property with a directory of its own for each framework: state and sockets. */
    static final String STATE = "busbar.itests.state";

    private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(InFramework.class);

    /** Its errors are that bundles are not resolved before their start level; real failures are thrown. */
    private static final Logger PAX_EXAM = Logger.getLogger("org.ops4j");

    private static boolean isInside() {
        return InFramework.class.getClassLoader() instanceof BundleReference;
    }

    /** A running framework and the address of {@link Probe#run} in it. */
    private record Running(TestContainer container, TestAddress run, TestAddress begin) {}

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        if (isInside() || !isOutermost(context)) {
            return;
        }
        PAX_EXAM.setLevel(Level.OFF);
        System.setProperty(STATE, Files.createTempDirectory("busbar").toString());
        var system = PaxExamRuntime.createTestSystem(options());
        var container = PaxExamRuntime.createContainer(system);
        container.start();
        var probe = system.createProbe();
        var run = probe.addTest(Probe.class, "run");
        var begin = probe.addTest(Probe.class, "begin");
        container.install(probe.build().getStream());
        context.getStore(STORE).put(Running.class, new Running(container, run, begin));
        call(container, begin);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (!isInside() && isOutermost(context)) {
            var running = context.getStore(STORE).remove(Running.class, Running.class);
            if (running != null) {
                running.container().stop();
            }
        }
    }

    /** Nested classes share the framework of the class around them. */
    private static boolean isOutermost(ExtensionContext context) {
        return context.getParent().flatMap(ExtensionContext::getTestClass).isEmpty();
    }

    @Override
    public void interceptTestMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        forward(invocation, context);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        forward(invocation, context);
    }

    @Override
    public void interceptBeforeEachMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        proceedInside(invocation);
    }

    @Override
    public void interceptAfterEachMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        proceedInside(invocation);
    }

    private static void proceedInside(Invocation<Void> invocation) throws Throwable {
        if (isInside()) {
            invocation.proceed();
        } else {
            invocation.skip();
        }
    }

    private static void forward(Invocation<Void> invocation, ExtensionContext context) throws Throwable {
        if (isInside()) {
            invocation.proceed();
            return;
        }
        invocation.skip();
        var running = context.getStore(STORE).get(Running.class, Running.class);
        call(running.container(), new CallAddress(running.run(), context.getUniqueId()));
    }

    /** What the call throws is wrapped by the container, by reflection and by the invoker; the test's own is inmost. */
    private static void call(TestContainer container, TestAddress address) throws Exception {
        try {
            container.call(address);
        } catch (TestContainerException e) {
            Throwable cause = e;
            while (cause.getCause() != null
                    && (cause instanceof TestContainerException || cause instanceof InvocationTargetException)) {
                cause = cause.getCause();
            }
            throw InFramework.<RuntimeException>asItIs(cause);
        }
    }

    /** Throws what the test threw, checked or not. */
    @SuppressWarnings("unchecked") // no cast takes place: T is erased
    private static <T extends Throwable> RuntimeException asItIs(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == BundleContext.class;
    }

    /** Outside, where the test is not run, there is none. */
    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return isInside() ? FrameworkUtil.getBundle(InFramework.class).getBundleContext() : null;
    }

    private static Option[] options() throws Exception {
        var options = new ArrayList<Option>();
        options.add(bootDelegationPackages(
                "org.junit.*", "org.opentest4j", "org.opentest4j.*", "org.assertj.*", "org.apiguardian.*",
                "io.busbar.runtime"));
        options.add(frameworkProperty(Constants.FRAMEWORK_BUNDLE_PARENT).value(Constants.FRAMEWORK_BUNDLE_PARENT_APP));
        options.add(systemPackages(SystemPackages.EXTRA.split(",")));
        options.add(frameworkProperty(Constants.FRAMEWORK_BSNVERSION).value(Constants.FRAMEWORK_BSNVERSION_MULTIPLE));
        // Those of the distribution wait: Probe.begin goes on to their levels, with configurations between.
        options.add(frameworkStartLevel(LEVEL_OFFSET));
        for (var feature : Feature.readAll(Distribution.home().resolve("features"))) {
            for (var id : feature.bundles()) {
                Path file = Distribution.home().resolve("bundles").resolve(id.fileName());
                options.add(bundle("reference:" + file.toUri()).startLevel(LEVEL_OFFSET + id.startLevel()));
            }
        }
        return new Option[] {composite(options.toArray(Option[]::new))};
    }

    /** An address with arguments: Pax Exam's own loses them. */
    private record CallAddress(TestAddress target, String uniqueId) implements TestAddress {
        @Override
        public String identifier() {
            return target.identifier();
        }

        @Override
        public String caption() {
            return uniqueId;
        }

        @Override
        public TestAddress root() {
            return target;
        }

        @Override
        public Object[] arguments() {
            return new Object[] {uniqueId};
        }
    }
}
