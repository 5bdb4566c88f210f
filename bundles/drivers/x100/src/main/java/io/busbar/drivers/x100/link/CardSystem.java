package io.busbar.drivers.x100.link;

/** What runs on the card. Called by whoever writes the register, one call at a time. */
public interface CardSystem {

    /** The host has started it: the device page's address is in the scratchpads. */
    void boot();

    /** The host has reset the card, or the link is gone: everything that runs there ends at once. */
    void end();
}
