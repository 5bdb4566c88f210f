package io.busbar.busdrivers.vhostuser;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.AttributeType;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** Settings of the bus driver; a change never disconnects a front-end. */
@ObjectClassDefinition(
        name = "vhost-user bus driver",
        description = "Serves devices on Unix sockets to User Mode Linux, QEMU and DPDK.")
@interface VhostUserConfig {

    @AttributeDefinition(
            name = "Socket directory",
            description = "Where sockets are: DIR/NAME.sock for devices of bus host, DIR/BUS/NAME.sock for others. Made"
                    + " with mode 0700 if it is not there. Without it no device is served. A change holds for devices"
                    + " that are bound from then on.",
            required = false)
    String socketDir() default "";

    @AttributeDefinition(
            name = "Socket mode",
            description = "Permission bits of sockets, octal, 0 to 0777; write permission lets connect.")
    String mode() default "0600";

    @AttributeDefinition(
            name = "Socket owner",
            description = "Owner of sockets, user or user:group, by name or number; empty for that of this process.",
            required = false)
    String owner() default "";

    @AttributeDefinition(
            name = "Memory policy",
            description = "Which memory files are mapped: trusted takes all, sealed-only those that cannot shrink"
                    + " (F_SEAL_SHRINK), which User Mode Linux does not have.",
            options = {@Option(label = "trusted", value = "trusted"), @Option(label = "sealed-only", value = "sealed-only")})
    String memoryPolicy() default "trusted";

    @AttributeDefinition(
            name = "Most mapped memory",
            description = "Most bytes of memory that are mapped for one device; 1 and up.",
            type = AttributeType.LONG)
    long maxMappedBytes() default 64L << 30;

    @AttributeDefinition(
            name = "Message timeout",
            description = "Milliseconds that a front-end may take from connecting to the end of its first message, and from"
                    + " the first byte of a later one to its last; 1 and up.")
    int messageTimeoutMillis() default 10_000;

    @AttributeDefinition(
            name = "Unknown messages",
            description = "How many messages with unknown ids, not to be acknowledged, a connection may send before it is"
                    + " closed; 0 and up.")
    int unknownMessageBudget() default 16;
}
