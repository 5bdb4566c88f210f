package io.busbar.drivers.x100.link;

/** Registers, as one side reaches them. */
public interface RegisterPort {

    /** Reads one; ones in all bits when the link is gone. */
    int read(int offset);

    /** Writes one. */
    void write(int offset, int value);
}
