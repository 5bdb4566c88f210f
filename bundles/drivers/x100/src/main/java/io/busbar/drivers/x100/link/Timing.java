package io.busbar.drivers.x100.link;

import java.util.concurrent.locks.LockSupport;

/**
 * How long what crosses the link takes on a PCIe link of the second generation with 16 lanes.
 *
 * @param mode         what is done with the times
 * @param megabytes    bytes that the link carries in a microsecond, in one direction, after 8b/10b
 * @param payloadBytes the most bytes of one packet
 * @param packetBytes  bytes that each packet has beside its payload
 * @param readNanos    from a read until its answer begins
 * @param interruptNanos from a doorbell until the handler runs
 * @param dmaNanos     what the DMA engine needs for a descriptor beside moving its bytes
 */
public record Timing(Mode mode, int megabytes, int payloadBytes, int packetBytes, int readNanos, int interruptNanos,
        int dmaNanos) {

    /** What is done with the times. */
    public enum Mode {
        /** Nothing. */
        OFF,
        /** They are added up. */
        MODEL,
        /** They are added up, and whoever uses the link waits for as long. */
        WAIT
    }

    /** Nothing takes time. */
    public static final Timing NONE = new Timing(Mode.OFF, 8000, 256, 24, 900, 1000, 500);

    private static final long SPIN_NANOS = 50_000;
    private static final long NANOS_PER_MICRO = 1000;
    private static final int DOORBELL_BYTES = 4;

    boolean off() {
        return mode == Mode.OFF;
    }

    /** Returns the time on the wire. */
    long wire(long count, long bytes) {
        long packets = Math.max(count, Math.ceilDiv(bytes, payloadBytes));
        return Math.ceilDiv((bytes + packets * packetBytes) * NANOS_PER_MICRO, megabytes);
    }

    long read(long count, long bytes) {
        return count * readNanos + wire(count, bytes);
    }

    long doorbell() {
        return wire(1, DOORBELL_BYTES);
    }

    long dma(long bytes) {
        return dmaNanos + wire(1, bytes);
    }

    /** Waits, if that is the mode. */
    void pass(long nanos) {
        if (mode != Mode.WAIT || nanos <= 0) {
            return;
        }
        long start = System.nanoTime();
        for (long left = nanos; left > 0; left = nanos - (System.nanoTime() - start)) {
            // As a processor does that waits for a read; a thread that sleeps would come back far too late.
            if (left > SPIN_NANOS) {
                LockSupport.parkNanos(left - SPIN_NANOS);
            } else {
                Thread.onSpinWait();
            }
        }
    }
}
