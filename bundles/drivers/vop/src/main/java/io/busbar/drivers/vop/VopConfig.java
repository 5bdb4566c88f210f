package io.busbar.drivers.vop;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of the management device vop; for links that come afterwards. */
@ObjectClassDefinition(
        name = "VOP management device",
        description = "Makes devices that a host publishes in its device page vDPA devices of the card's bus.")
@interface VopConfig {

    @AttributeDefinition(
            name = "Answer timeout",
            description = "Milliseconds that the host may take for one step of a handshake, 1 to 600000; then the memory that it"
                    + " reaches is taken away from it.")
    int answerTimeoutMillis() default 2_000;

    @AttributeDefinition(
            name = "Drain timeout",
            description = "Milliseconds that the stop of a queue waits for requests in flight, 1 to 600000; then it is refused.")
    int drainTimeoutMillis() default 5_000;
}
