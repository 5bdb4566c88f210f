package io.busbar.tools.upgrade;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings, all by the launcher. */
@ObjectClassDefinition(name = "Busbar upgrade", description = "Hands devices over to another process")
@interface UpgradeConfig {

    String PID = "io.busbar.tools.upgrade";

    @AttributeDefinition(
            name = "Directory", description = "The instance's state. Empty (the default): nothing can be handed over.")
    String directory() default "";

    @AttributeDefinition(
            name = "Arguments", description = "What the launcher of the process that takes over is started with.")
    String[] arguments() default {};

    @AttributeDefinition(
            name = "Connect", description = "Path of the socket of the process whose devices this one takes over. Empty (the default): none.")
    String connect() default "";
}
