package io.busbar.tools.cardos;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of the operating system of one card. */
@ObjectClassDefinition(
        name = "Built-in card OS",
        description = "An operating system for a card that needs no kernel: it drives the card's devices in this process.")
@interface CardOsConfig {

    @AttributeDefinition(
            name = "Bus",
            description = "Name of the card's bus, mic0 by default. All of its devices are taken, but those that another bus driver is"
                    + " set for.")
    String bus() default "mic0";

    @AttributeDefinition(
            name = "Address",
            description = "IPv4 address and prefix of the first network device, such as 172.31.1.1/24; the second has the next one, and so"
                    + " on. Empty (the default): 172.31.N.1/24, where N is the number of the card plus 1.")
    String address() default "";

    @AttributeDefinition(
            name = "Check deadline",
            description = "Milliseconds that a device may take for one step of the self-check, 1 to 600000, 10000 by default.")
    int checkMillis() default 10_000;
}
