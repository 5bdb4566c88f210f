package io.busbar.core.queue;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The engine's settings; they hold for data paths that are opened afterwards. */
@ObjectClassDefinition(name = "Busbar queue engine")
@interface EngineConfiguration {

    /** Returns the poll before a sleep, microseconds. */
    @AttributeDefinition(min = "0", max = "1000", description = "How long a queue's thread polls for work before it "
            + "sleeps, in microseconds; 0 never polls. It polls less by itself where polling does not pay.")
    int spinMicros() default 25;

    /** Returns the deadline of a stop, milliseconds. */
    @AttributeDefinition(min = "1", max = "600000", description = "How long stopping a queue waits for the requests "
            + "that are in flight, in milliseconds; after that the device says BACKEND_STUCK and holds.")
    int drainTimeoutMillis() default 5000;

    /** Returns the most I/O threads of a device. */
    @AttributeDefinition(min = "1", max = "256", description = "How many threads of one device may wait for its disk at "
            + "the same time; they exist only while there is work for them.")
    int ioThreads() default 4;

    /** Returns how long a request may be in flight before it is reported, seconds. */
    @AttributeDefinition(min = "0", max = "86400", description = "How long a request may be in flight before the device "
            + "says REQUEST_OVERDUE, in seconds; 0 never says so. It holds at once, for all devices.")
    int overdueSeconds() default 30;

    /** Returns whether each queue gets a class of its own. */
    @AttributeDefinition(description = "Whether the ring code is compiled for each queue with its addresses as "
            + "constants, which is faster; off makes profiles and coverage of the ring code readable.")
    boolean ownClasses() default true;
}
