package io.busbar.api.backend;

import io.busbar.api.memory.Payload;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What is at the other end of a console device's ports. Implemented by backends; called by the console device model.
 *
 * <p>A channel is a port, named by {@link BackendContext#channels()}: the first is the console, the others are pipes with a
 * name. {@link #write} is called on the thread that owns the port's transmit queue, {@link #read} on the one that owns its
 * receive queue. None may block. No byte is lost or reordered: what there is no room for stays with the driver.
 */
@ConsumerType
public interface ConsoleBackend extends Backend {

    /** Nobody is at the other end: nothing is written to the port. */
    int NOBODY = 0;

    /** Somebody has been at the other end from the beginning, and has seen everything: a log. */
    int ALWAYS = -1;

    /**
     * Takes bytes that the driver sent.
     *
     * @param port   port
     * @param bytes  native memory, read-only, that changes after the call
     * @param offset the first byte to take
     * @param length bytes that may be taken, 1 and up
     * @return bytes taken; fewer than {@code length} if there is no room for more now, or if who was there has left: the
     *         rest is offered again after {@link BackendContext#writable}, or when the
     *         {@link PolledBackend#writableDescriptor} became so
     */
    long write(int port, MemorySegment bytes, long offset, long length);

    /**
     * Gives bytes to the driver and moves the payload's position past them.
     *
     * @param port port
     * @param into at least one byte remains
     * @return bytes given; 0 if none waits: the backend tells by {@link BackendContext#readable}, or its
     *         {@link PolledBackend#readableDescriptor} becomes so; or a negated errno of the driver's memory
     */
    long read(int port, Payload into);

    /**
     * Returns who is at the other end: {@link #NOBODY}, {@link #ALWAYS}, or a number above 0 that is another one for each
     * who comes. The driver is told whether there is somebody (an open port: virtio 1.2, 5.3.6.2); who comes to the console
     * is written what was sent last before that, so that a late reader knows what went on. Cheap; any thread; a new answer is
     * announced by {@link BackendContext#infoChanged()}.
     *
     * @param port port
     */
    int visitor(int port);

    /**
     * Returns the size of the terminal at the other end, if there is one. Cheap; any thread; a new answer is announced by
     * {@link BackendContext#infoChanged()}.
     *
     * @param port port
     */
    Optional<ConsoleSize> size(int port);
}
