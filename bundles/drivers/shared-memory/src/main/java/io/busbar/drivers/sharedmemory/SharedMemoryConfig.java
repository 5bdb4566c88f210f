package io.busbar.drivers.sharedmemory;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** Settings of one end of a link to another process: one factory configuration for each. */
@ObjectClassDefinition(
        name = "Shared-memory link",
        description = "A VOP link to a card that is another process of this machine, or from such a card to its host.")
@interface SharedMemoryConfig {

    @AttributeDefinition(
            name = "Name",
            description = "Name of the card, the same at both ends: mic0 (the default) to mic127.")
    String name() default "mic0";

    @AttributeDefinition(
            name = "Role",
            description = "Which end this process is: host (the default) listens, card connects.",
            options = {@Option("host"), @Option("card")})
    String role() default "host";

    @AttributeDefinition(
            name = "Socket",
            description = "Path of the Unix socket, up to 107 bytes. No default: it has to be said.")
    String socket() default "";

    @AttributeDefinition(
            name = "Greeting timeout",
            description = "Milliseconds that the other process may take to say who it is, 1 to 600000, 5000 by default.")
    int helloTimeoutMillis() default 5_000;

    @AttributeDefinition(
            name = "Pause before another try",
            description = "Milliseconds from one try to connect to the next, 10 to 600000, 1000 by default.")
    int redialMillis() default 1_000;
}
