package io.busbar.api.backend;

import io.busbar.api.memory.Payload;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What is at the other end of a console device's ports. Implemented by backends; called by the console device model.
 *
 * <p>A channel is a port, named by {@link BackendContext#channels()}. {@link #write} is called on the thread that owns the
 * port's transmit queue, {@link #read} on the one that owns its receive queue. None may block. No byte is lost or
 * reordered: what there is no room for stays with the driver.
 */
@ConsumerType
public interface ConsoleBackend extends Backend {

    /**
     * Takes bytes from the driver and moves the payload's position past them.
     *
     * @param port port
     * @param from at least one byte remains
     * @return bytes taken; fewer than remain if there is no room for more now: the rest is offered again after
     *         {@link BackendContext#writable}, or when the {@link PolledBackend#writableDescriptor} became so; or a negated
     *         errno of the driver's memory
     */
    long write(int port, Payload from);

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
     * Returns whether somebody is at the other end, shown to the driver as an open port (virtio 1.2, 5.3.6.2). Cheap; any
     * thread; a new answer is announced by {@link BackendContext#infoChanged()}.
     *
     * @param port port
     */
    boolean isOpen(int port);

    /**
     * Returns the size of the terminal at the other end, if there is one. Cheap; any thread; a new answer is announced by
     * {@link BackendContext#infoChanged()}.
     *
     * @param port port
     */
    Optional<ConsoleSize> size(int port);
}
