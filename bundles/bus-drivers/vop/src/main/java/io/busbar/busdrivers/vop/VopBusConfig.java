package io.busbar.busdrivers.vop;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of the bus driver; a change holds for devices that are bound from then on. */
@ObjectClassDefinition(
        name = "vop bus driver",
        description = "Publishes devices to cards that run an operating system of their own.")
@interface VopBusConfig {

    @AttributeDefinition(
            name = "Acknowledge timeout",
            description = "Milliseconds that a card may take to acknowledge a change of a configuration or a removal, 1 to 60000; a"
                    + " card that was too slow once is not waited for again until it is heard of.")
    int ackTimeout() default 1000;

    @AttributeDefinition(
            name = "Least bytes by DMA",
            description = "From how many bytes on a buffer of the card is written by the link's DMA engine, 0 to 1048576; shorter"
                    + " ones, and ends that are not aligned, by the processor. What is read is always read by DMA, where there"
                    + " is an engine, so that no read crosses the link.")
    int dmaThreshold() default 1024;

    @AttributeDefinition(
            name = "Bytes of a queue's requests",
            description = "Most bytes of all requests of one queue that are under way, 65536 to 1073741824; what does not fit"
                    + " waits, and a single request that is larger breaks the queue. A page costs nothing before it is used.")
    int queueBytes() default 16 << 20;
}
