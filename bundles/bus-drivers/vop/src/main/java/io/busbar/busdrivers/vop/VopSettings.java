package io.busbar.busdrivers.vop;

/**
 * Settings, checked.
 *
 * @param ackMillis    that a card may take to acknowledge, 1 to 60000
 * @param dmaThreshold from how many bytes on a buffer is written by DMA, 0 to 1 MiB
 * @param queueBytes   of all requests of a queue, 64 KiB to 1 GiB
 */
record VopSettings(int ackMillis, int dmaThreshold, int queueBytes) {

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if one is out of its range; the message names it
     */
    VopSettings {
        within("ackTimeout", ackMillis, 1, 60_000);
        within("dmaThreshold", dmaThreshold, 0, 1 << 20);
        within("queueBytes", queueBytes, 1 << 16, 1 << 30);
    }

    private static void within(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " " + value + ": expected " + least + " to " + most);
        }
    }
}
