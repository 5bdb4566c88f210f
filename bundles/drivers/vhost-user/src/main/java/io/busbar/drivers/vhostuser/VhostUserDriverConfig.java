package io.busbar.drivers.vhostuser;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of the management device vhost_user; for devices that are added afterwards. */
@ObjectClassDefinition(
        name = "vhost-user management device",
        description = "Makes devices that other processes serve over vhost-user vDPA devices.")
@interface VhostUserDriverConfig {

    @AttributeDefinition(
            name = "Message timeout",
            description = "Milliseconds that the other process may take for one exchange of messages, 1 to 600000; then it"
                    + " is disconnected.")
    int messageTimeoutMillis() default 5_000;

    @AttributeDefinition(
            name = "Drain timeout",
            description = "Milliseconds that a stop or reset waits for requests in flight, 1 to 600000; then the other"
                    + " process is disconnected.")
    int drainTimeoutMillis() default 5_000;
}
