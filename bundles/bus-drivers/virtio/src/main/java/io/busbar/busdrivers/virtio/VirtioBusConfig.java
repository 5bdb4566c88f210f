package io.busbar.busdrivers.virtio;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of the bus driver; a change holds for devices that are bound from then on. */
@ObjectClassDefinition(
        name = "virtio bus driver",
        description = "Drives devices in this process, for other bundles and for the commands.")
@interface VirtioBusConfig {

    @AttributeDefinition(
            name = "Requests of a disk",
            description = "Most requests that a disk has at a time, 1 to 1024; fewer where its queue is too small.")
    int diskRequests() default 64;

    @AttributeDefinition(
            name = "Bytes of a disk's request",
            description = "Most bytes of one request to a disk, a multiple of 4096 from 4096 to 1048576; longer transfers"
                    + " are several requests.")
    int diskRequestBytes() default 1 << 16;
}
