package io.busbar.api.backend;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A network that a net device is plugged into. Implemented by backends; called by the net device model.
 *
 * <p>A channel is a queue pair. {@link #transmit} and {@link #transmitted} are called on the thread that owns the transmit queue
 * of its pair, {@link #peek}, {@link #taken} and {@link #received} on the one that owns the receive queue; pairs, and the two
 * directions of one pair, may be on different threads. None may block.
 */
@ConsumerType
public interface NetBackend extends Backend {

    /** The size of the header in front of each frame (virtio 1.2, 5.1.6, with VERSION_1): 12 bytes. */
    int HEADER_BYTES = 12;

    /**
     * Returns the network's properties. Cheap; any thread. A new answer is announced by
     * {@link BackendContext#infoChanged()}; only the link may change while the backend is open.
     */
    NetInfo info();

    /**
     * Returns why the link is down, for the user: one sentence that names what is missing and what is expected. Asked while
     * {@link NetInfo#linkUp()} is false. Cheap; any thread.
     */
    default String linkDownReason() {
        return "the network behind the backend is down";
    }

    /**
     * Tells whether the cable is plugged into the device, which a user changes by command, so that a backend with another
     * side can show it there. In until told else. Any thread; returns at once.
     *
     * @param in whether it is
     */
    default void plugged(boolean in) {}

    /**
     * Tells how many queue pairs a driver uses from now on: the first ones. Frames for others would wait until it does;
     * transmitted frames may still come from them. None until told else, and again when the driver has left or was reset: then no
     * queue runs, what waits for it may be forgotten, and what comes may be dropped. Control threads, and the thread that owns
     * the control queue; returns at once.
     *
     * @param pairs 0 to the number of channels
     */
    default void usePairs(int pairs) {}

    /**
     * Takes a frame from the driver, as a whole and at once: nothing of it is valid after the return. What the network
     * cannot carry is dropped and counted by the backend.
     *
     * @param pair  queue pair
     * @param frame the frame
     * @return whether it was taken or dropped; false if there is no room now: the same frame is offered again after
     *         {@link BackendContext#writable}, or when the {@link PolledBackend#writableDescriptor} became so
     */
    boolean transmit(int pair, NetFrame frame);

    /**
     * The calls of {@link #transmit} that belong together are over. What is to be told to whoever gets these frames may wait until now,
     * so that it is told once.
     *
     * @param pair queue pair
     */
    default void transmitted(int pair) {}

    /**
     * Returns the first frame that waits for the driver, or null. After null the backend tells by
     * {@link BackendContext#readable} of the next one, or its {@link PolledBackend#readableDescriptor} becomes so.
     *
     * @param pair queue pair
     * @return the frame; the same one until {@link #taken}
     */
    WaitingFrame peek(int pair);

    /**
     * The frame that {@link #peek} returned is done with: delivered, or dropped.
     *
     * @param pair queue pair
     */
    void taken(int pair);

    /**
     * The calls of {@link #taken} that belong together are over. What is to be told to whoever sends, such as that there is room
     * again, may wait until now, so that it is told once.
     *
     * @param pair queue pair
     */
    default void received(int pair) {}
}
