package io.busbar.testkit.vop;

import io.busbar.api.vop.VopDevice;
import io.busbar.api.vop.VopRole;

/** A link with both of its ends, for {@link VopConformance}. */
public interface VopRig extends AutoCloseable {

    /** Returns the end that publishes devices. */
    VopDevice host();

    /** Returns the end that drives them. */
    VopDevice card();

    /** Breaks the link: nothing reaches the other end any more. */
    void sever();

    /** Returns how often an end gave the other an address or doorbell that is none. */
    long faults(VopRole of);

    /** Ends both. */
    @Override
    void close();
}
