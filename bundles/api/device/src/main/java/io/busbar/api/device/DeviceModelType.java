package io.busbar.api.device;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.bundle.Capability;

/**
 * Makes a {@link DeviceModelFactory} with a public constructor without parameters known to Busbar. The annotation becomes
 * the capability {@code busbar.device} of the bundle, from which Busbar finds the class and registers it as a service
 * in the name of its bundle.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Capability(
        namespace = DeviceModelType.NAMESPACE,
        attribute = {"type=${#type}", "name=${#name}", "class=${@class}"})
public @interface DeviceModelType {

    /** The namespace of the capability. */
    String NAMESPACE = "busbar.device";

    /** The device type by name: {@code block}. */
    String type();

    /** The name of this model of it. */
    String name();
}
