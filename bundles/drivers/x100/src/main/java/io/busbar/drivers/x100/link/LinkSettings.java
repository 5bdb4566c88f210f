package io.busbar.drivers.x100.link;

import java.util.regex.Pattern;

/**
 * What a link and its card are like.
 *
 * @param name      of the card: {@code mic0} to {@code mic127}
 * @param memoryMib of the card itself, MiB
 * @param ring      descriptors in the ring of a DMA channel
 * @param timing    how long what crosses the link takes
 */
public record LinkSettings(String name, int memoryMib, int ring, Timing timing) {

    /** The most cards. */
    public static final int CARDS = 128;

    private static final Pattern NAME = Pattern.compile("mic(0|[1-9][0-9]{0,2})");
    private static final int LEAST_MIB = 16;
    private static final int MOST_MIB = 16 << 10;
    private static final int LEAST_RING = 64;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException names the value and what was expected
     */
    public LinkSettings {
        var matcher = NAME.matcher(name);
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) >= CARDS) {
            throw new IllegalArgumentException("name \"" + name + "\": expected mic0 to mic" + (CARDS - 1));
        }
        within("memoryMib", memoryMib, LEAST_MIB, MOST_MIB);
        within("dmaRing", ring, LEAST_RING, DmaUnit.LINUX_RING);
        within("linkMegabytesPerSecond", timing.megabytes(), 1, 1_000_000);
        within("payloadBytes", timing.payloadBytes(), 64, 4096);
        within("packetBytes", timing.packetBytes(), 0, 256);
        within("readNanos", timing.readNanos(), 0, 1_000_000);
        within("interruptNanos", timing.interruptNanos(), 0, 1_000_000);
        within("dmaNanos", timing.dmaNanos(), 0, 1_000_000);
    }

    private static void within(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " " + value + ": expected " + least + " to " + most);
        }
    }

    /** Returns the card's number as the host counts: 1 to 128. */
    public int node() {
        return Integer.parseInt(name.substring(3)) + 1;
    }

    /** Returns the bytes of the card's own memory. */
    public long memoryBytes() {
        return (long) memoryMib << 20;
    }
}
