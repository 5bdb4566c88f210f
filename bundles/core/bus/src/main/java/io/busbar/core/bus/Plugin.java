package io.busbar.core.bus;

import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.BusSnapshot.Kind;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import java.util.Dictionary;
import java.util.Map;
import java.util.Optional;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceRegistration;

/**
 * A class that a bundle names in a capability.
 *
 * @param part         as the bus shows it
 * @param registration its service, if it can be used
 */
record Plugin(BusSnapshot.Part part, Optional<ServiceRegistration<?>> registration) {

    /** Registers the service of a class. */
    @FunctionalInterface
    interface Registrar {

        /**
         * Checks the class and registers.
         *
         * @param type the class
         * @throws UnusableException if it is not what it has to be
         */
        ServiceRegistration<?> register(Class<?> type) throws UnusableException;
    }

    /** A class is not what its annotation says; the message says why. */
    static final class UnusableException extends Exception {

        private static final long serialVersionUID = 1;

        UnusableException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Makes a plugin of what a capability says.
     *
     * @param kind       what it is
     * @param bundle     who provides it
     * @param attributes of the capability: {@code type}, {@code name} and {@code class} at least
     * @param registrar  registers it
     */
    static Plugin of(Kind kind, Bundle bundle, Map<String, Object> attributes, Registrar registrar) {
        String type = text(attributes, "type");
        String name = text(attributes, "name");
        String className = text(attributes, "class");
        try {
            if (type.isEmpty() || name.isEmpty() || className.isEmpty()) {
                throw new UnusableException("its capability needs type, name and class: " + attributes, null);
            }
            ServiceRegistration<?> registration = registrar.register(load(bundle, className));
            return new Plugin(part(kind, type, name, bundle, Health.OK), Optional.of(registration));
        } catch (UnusableException unusable) {
            Health health = new Health(Reason.CONFIG_INVALID, unusable.getMessage());
            return new Plugin(part(kind, type, name, bundle, health), Optional.empty());
        }
    }

    private static BusSnapshot.Part part(Kind kind, String type, String name, Bundle bundle, Health health) {
        return new BusSnapshot.Part(kind, type, name, Origins.of(bundle), health);
    }

    /** Returns an attribute of a capability, empty if it is not there. */
    static String text(Map<String, Object> attributes, String key) {
        return attributes.get(key) instanceof String text ? text.strip() : "";
    }

    private static Class<?> load(Bundle bundle, String className) throws UnusableException {
        try {
            return bundle.loadClass(className);
        } catch (ClassNotFoundException | LinkageError | IllegalStateException missing) {
            throw new UnusableException("class " + className + " cannot be loaded: " + missing, missing);
        }
    }

    /** Ranks the service, if it is that bundle's. */
    void rank(long bundleId, int rank) {
        try {
            registration.filter(service -> service.getReference().getBundle().getBundleId() == bundleId)
                    .ifPresent(service -> rank(service, rank));
        } catch (IllegalStateException _) {
            // Gone with its bundle.
        }
    }

    private static void rank(ServiceRegistration<?> service, int rank) {
        Dictionary<String, Object> properties = service.getReference().getProperties();
        properties.put(Constants.SERVICE_RANKING, rank);
        service.setProperties(properties);
    }

    /** Takes the service away, unless its bundle has done so by stopping. */
    void unregister() {
        try {
            registration.ifPresent(ServiceRegistration::unregister);
        } catch (IllegalStateException _) {
            // Gone with its bundle already.
        }
    }
}
