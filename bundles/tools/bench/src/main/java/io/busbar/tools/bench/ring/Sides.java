package io.busbar.tools.bench.ring;

import java.util.Locale;

/** Which sides of the queue do work. */
enum Sides {
    /** The driver does nothing but move the available index. */
    DEVICE(64),
    /** One thread does the driver's and the device's work in turn. */
    BOTH(32);

    /** Chains per turn. */
    final int batch;

    Sides(int batch) {
        this.batch = batch;
    }

    /** Returns the word for it on command lines and in results. */
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
