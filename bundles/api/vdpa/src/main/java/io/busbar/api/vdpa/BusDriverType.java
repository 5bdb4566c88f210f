package io.busbar.api.vdpa;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.annotation.bundle.Capability;

/**
 * Tells which bus driver a component is: it becomes the capability {@code busbar.bus-driver} of the bundle, from which Busbar knows what a
 * bundle gives before it runs, and what should be there and is not. The component registers the service {@link VdpaBusDriver} itself.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Capability(
        namespace = BusDriverType.NAMESPACE,
        attribute = {"type:List<String>=\"${#type}\"", "name:List<String>=\"${#name}\"", "class=${@class}", "onDemand=${#onDemand}"})
public @interface BusDriverType {

    /** The namespace of the capability. */
    String NAMESPACE = "busbar.bus-driver";

    /** The device types that it takes, in the order of the names or for all of them: {@code block}. */
    String[] type();

    /** The name of the bus driver. */
    String[] name();

    /**
     * Whether the services come and go while the bundle is active, such as one for each card that is there: nothing is missing while
     * there are none.
     */
    boolean onDemand() default false;
}
