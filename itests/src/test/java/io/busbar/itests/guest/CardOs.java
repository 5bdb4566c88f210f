package io.busbar.itests.guest;

import java.nio.channels.ByteChannel;

/**
 * What runs on a card, as whoever works with it has it. Disks and network devices are those of the card, in the order in which it was
 * given them, from 0 on. What cannot be done is an {@link AssertionError}.
 */
interface CardOs extends AutoCloseable {

    /** Has a device that came to the card while this ran; waits until it is there. */
    void take(CardDevice device);

    /** Returns whether a disk is there. */
    boolean hasDisk(int disk);

    /** Returns the bytes of a disk. */
    long capacity(int disk);

    /** Returns the SHA-256, as hexadecimal digits, of bytes of a disk as the device gives them. Offset and length are multiples of 64 KiB. */
    String sum(int disk, long offset, long length);

    /** Writes noise, and flushes. Offset and length are multiples of 64 KiB. */
    void fill(int disk, long offset, long length);

    /** Writes to the first bytes of a disk and reads back, round after round, until {@link #endLoad}. */
    void beginLoad(int disk, long bytes);

    /** Returns how many rounds were read back right; an error if one was not. */
    long loadRounds(int disk);

    /** Ends it; a round that is wrong is an error. */
    void endLoad(int disk);

    /** Lets a disk go and takes it again, so that the device is reset. */
    void reset(int disk);

    /** Returns whether a network device has a link. */
    boolean hasLink(int net);

    /** Gives a network device an address with its prefix. */
    void address(int net, String address);

    /** Has another one answer so many pings. */
    void ping(String address, int count);

    /** Sends frames by a network device whose network gives them back, and finds all of them whole. */
    void frames(int net, int count);

    /** Has lines typed at a console's other end, of which each is answered before the next. */
    void talk(ByteChannel console, int lines);

    /** Ends it, as by a power cut. */
    @Override
    void close();
}
