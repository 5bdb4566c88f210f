package io.busbar.backends.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The bytes of a connection, without waiting. */
interface Wire {

    /**
     * Receives what is there.
     *
     * @param into has room
     * @return how many bytes; 0 if none is there, -1 if none will come any more
     */
    int receive(ByteBuffer into) throws IOException;

    /**
     * Sends what there is room for. Where nothing can be sent any more {@link #receive} says so, behind what there is still to be received.
     *
     * @param from the bytes; those that were taken are behind its position
     */
    void send(ByteBuffer from) throws IOException;

    /** Returns whether bytes that were taken wait for room. */
    boolean holdsBytes();
}
