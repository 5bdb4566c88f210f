package io.busbar.core.bus;

import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.DeviceModelType;
import io.busbar.api.vdpa.BusSnapshot;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** Makes a service of a class with a {@link DeviceModelType}. */
final class DeviceModelPlugins {

    private DeviceModelPlugins() {}

    /**
     * Registers the factory, in the name of the bundle, with the capability's {@code type} and {@code name} as service
     * properties.
     *
     * @param bundle     who provides the class
     * @param attributes of the capability
     */
    static Plugin of(Bundle bundle, Map<String, Object> attributes) {
        return Plugin.of(
                BusSnapshot.Kind.DEVICE_MODEL, bundle, attributes, type -> register(bundle, attributes, type));
    }

    private static ServiceRegistration<?> register(Bundle bundle, Map<String, Object> attributes, Class<?> type)
            throws Plugin.UnusableException {
        Map<String, Object> properties =
                Map.of("type", Plugin.text(attributes, "type"), "name", Plugin.text(attributes, "name"));
        return bundle.getBundleContext()
                .registerService(DeviceModelFactory.class, create(type), FrameworkUtil.asDictionary(properties));
    }

    private static DeviceModelFactory create(Class<?> type) throws Plugin.UnusableException {
        if (!DeviceModelFactory.class.isAssignableFrom(type)) {
            throw new Plugin.UnusableException(
                    type.getName() + " has to implement " + DeviceModelFactory.class.getName(), null);
        }
        try {
            return type.asSubclass(DeviceModelFactory.class).getConstructor().newInstance();
        } catch (NoSuchMethodException missing) {
            throw new Plugin.UnusableException(
                    type.getName() + " needs a public constructor without parameters", missing);
        } catch (ReflectiveOperationException | LinkageError thrown) {
            throw new Plugin.UnusableException(type.getName() + " cannot be made: " + thrown, thrown);
        }
    }
}
