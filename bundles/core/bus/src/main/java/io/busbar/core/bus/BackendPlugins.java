package io.busbar.core.bus;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.NetBackend;
import io.busbar.api.vdpa.BusSnapshot;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.TreeMap;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** Makes a {@link BackendFactory} of a class with a {@link BackendType}. */
final class BackendPlugins {

    private static final Map<String, Class<? extends Backend>> KINDS = new TreeMap<>(Map.of(
            BackendType.BLOCK, BlockBackend.class,
            BackendType.NET, NetBackend.class,
            BackendType.CONSOLE, ConsoleBackend.class));

    private BackendPlugins() {}

    /**
     * Registers the factory, in the name of the bundle.
     *
     * @param bundle     who provides the class
     * @param attributes of the capability
     */
    static Plugin of(Bundle bundle, Map<String, Object> attributes) {
        return Plugin.of(
                BusSnapshot.Kind.BACKEND, bundle, attributes, type -> register(bundle, attributes, type));
    }

    private static ServiceRegistration<?> register(Bundle bundle, Map<String, Object> attributes, Class<?> type)
            throws Plugin.UnusableException {
        String kind = Plugin.text(attributes, "type");
        String name = Plugin.text(attributes, "name");
        Factory factory = new Factory(
                kind, name, Plugin.text(attributes, "settings"), Origins.of(bundle), constructor(kind, type));
        return bundle.getBundleContext()
                .registerService(
                        BackendFactory.class,
                        factory,
                        FrameworkUtil.asDictionary(Map.of(BackendFactory.TYPE, kind, BackendFactory.NAME, name)));
    }

    private static Constructor<? extends Backend> constructor(String kind, Class<?> type)
            throws Plugin.UnusableException {
        Class<? extends Backend> wanted = KINDS.get(kind);
        if (wanted == null) {
            throw new Plugin.UnusableException("type " + kind + ": expected one of " + KINDS.keySet(), null);
        }
        if (!wanted.isAssignableFrom(type) || Modifier.isAbstract(type.getModifiers())) {
            throw new Plugin.UnusableException(type.getName() + " has to implement " + wanted.getName(), null);
        }
        try {
            return type.asSubclass(wanted).getConstructor(BackendContext.class);
        } catch (NoSuchMethodException | LinkageError missing) {
            throw new Plugin.UnusableException(
                    type.getName() + " needs a public constructor with one BackendContext", missing);
        }
    }

    /** Opens by construction. */
    private record Factory(
            String type, String name, String settings, String origin, Constructor<? extends Backend> constructor)
            implements BackendFactory {

        @Override
        public Backend open(BackendContext context) throws BackendException {
            try {
                return constructor.newInstance(context);
            } catch (InvocationTargetException thrown) {
                throw because(thrown.getCause());
            } catch (ReflectiveOperationException | LinkageError impossible) {
                throw because(impossible);
            }
        }

        private BackendException because(Throwable cause) {
            if (cause instanceof BackendException refused) {
                return refused;
            }
            return new BackendException(
                    BackendException.Kind.FAILED, "backend " + name + " cannot be opened: " + cause, cause);
        }
    }
}
