package io.busbar.drivers.x100.host;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** Settings of a card: one factory configuration for each. */
@ObjectClassDefinition(name = "X100 card", description = "An emulated Intel MIC X100 in a PCIe slot of this host.")
@interface X100Config {

    @AttributeDefinition(
            name = "Name",
            description = "Name of the card, and of the bus on its side: mic0 (the default) to mic127. Each name is there once.")
    String name() default "mic0";

    @AttributeDefinition(
            name = "Memory",
            description = "MiB of the card's own memory, 16 to 16384, 1024 by default. What is not used costs nothing; memory of guests"
                    + " that run on the card is not part of it.")
    int memoryMib() default 1024;

    @AttributeDefinition(
            name = "DMA ring",
            description = "Descriptors in the ring of each of the 8 DMA channels, 64 to 131068, 4096 by default. Linux has 131068.")
    int dmaRing() default 4096;

    @AttributeDefinition(
            name = "Timing",
            description = "What is done with the time that the link takes by its model: off (the default) nothing; model adds it up;"
                    + " wait adds it up and takes as long.",
            options = {@Option("off"), @Option("model"), @Option("wait")})
    String timing() default "off";

    @AttributeDefinition(
            name = "Link rate",
            description = "Megabytes that the link carries in a second in each direction, 1 to 1000000, 8000 by default:"
                    + " 16 lanes of 5 GT/s (second generation), less a fifth for 8b/10b.")
    int linkMegabytesPerSecond() default 8000;

    @AttributeDefinition(
            name = "Payload",
            description = "The most bytes of one packet, 64 to 4096, 256 by default, as servers' root ports had it.")
    int payloadBytes() default 256;

    @AttributeDefinition(
            name = "Packet",
            description = "Bytes of a packet beside its payload, 0 to 256, 24 by default: 2 of framing, 2 of sequence number, 16 of"
                    + " header with a 64-bit address, 4 of LCRC (PCI Express Base 2.1, sections 2.2, 3.6 and 4.2).")
    int packetBytes() default 24;

    @AttributeDefinition(
            name = "Read latency",
            description = "Nanoseconds from a read over the link until its answer, 0 to 1000000, 900 by default: an assumption, of the"
                    + " order that is measured on servers.")
    int readNanos() default 900;

    @AttributeDefinition(
            name = "Interrupt latency",
            description = "Nanoseconds from a doorbell until its handler runs, 0 to 1000000, 1000 by default: an assumption.")
    int interruptNanos() default 1000;

    @AttributeDefinition(
            name = "DMA descriptor",
            description = "Nanoseconds that the DMA engine needs for a descriptor beside moving its bytes, 0 to 1000000, 500 by"
                    + " default: an assumption.")
    int dmaNanos() default 500;
}
