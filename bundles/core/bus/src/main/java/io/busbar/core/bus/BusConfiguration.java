package io.busbar.core.bus;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** What can be set of the bus {@code host}, PID {@code io.busbar.core.bus}. */
@ObjectClassDefinition(name = "vDPA bus", description = "The bus that devices and their drivers meet on")
public @interface BusConfiguration {

    /** Returns the directory of state. */
    @AttributeDefinition(
            name = "State directory",
            description = "Directory in which devices are kept that come back at the next start; empty keeps none",
            required = false)
    String stateDir() default "";
}
