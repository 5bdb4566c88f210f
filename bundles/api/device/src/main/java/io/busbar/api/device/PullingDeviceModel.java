package io.busbar.api.device;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A device model some of whose queues wait for what happens outside: frames that arrive, a terminal that has room again.
 * The engine does not hand it the chains of such a queue; the model takes them when it has a use for them. So none is in
 * flight between two calls, and the queue can be stopped, or go on with another backend, at any time.
 *
 * <p>A <em>channel</em> is what a backend counts: a queue pair of a net device, a port of a console.
 */
@ConsumerType
public interface PullingDeviceModel extends DeviceModel {

    /**
     * Returns whether a queue is served by {@link #service}; for the others {@link #process} is called. Always the same.
     *
     * @param queue queue
     */
    boolean pulls(int queue);

    /**
     * Returns the group of a queue. Queues of one group are served by one thread: so what one of them sends back to the other, or
     * what both need, stays with one processor. Always the same; each queue is a group of its own unless the model says else.
     *
     * @param queue queue
     * @return 0 and up
     */
    default int queueGroup(int queue) {
        return queue;
    }

    /**
     * Tells that the driver made a queue ready, or that it is not any more; for models to which it matters which queues a
     * driver uses. On a control thread; returns at once. A model that is attached is told of each queue.
     *
     * @param queue   queue
     * @param isReady whether it is
     */
    default void ready(int queue, boolean isReady) {}

    /**
     * Serves a queue: takes chains as long as there is something to do with them. On the thread that owns the queue,
     * while a backend is attached; must not block.
     *
     * <p>It is called once when the queue starts or goes on; after {@link DeviceModelContext#wake}; when the descriptor of
     * {@link #wakeDescriptor} became ready; and, if the call before ended because {@link ChainSource#next} had nothing,
     * when the driver made more available. A model that stops for another reason is not told of the driver's kicks.
     *
     * @param queue  queue
     * @param source its chains
     */
    void service(int queue, ChainSource source);

    /**
     * Returns whether a queue carries to the driver, so that its {@link #wakeDescriptor} is waited for to be readable; else
     * to be writable. Always the same.
     *
     * @param queue a queue that is pulled
     */
    boolean receives(int queue);

    /**
     * Returns a Linux descriptor that becomes ready when a queue can go on, or -1 if the backend tells by {@link #readable}
     * and {@link #writable} alone. Asked, on the thread that owns the queue, when the queue starts or goes on; the
     * descriptor stays open while the backend is attached. The engine reacts to each change to ready (edge-triggered), so
     * a model works until the descriptor has nothing more.
     *
     * @param queue a queue that is pulled
     */
    int wakeDescriptor(int queue);

    /** Returns the names of the channels that a backend is opened with; always the same. */
    List<String> channels();

    /**
     * The backend says that its properties have changed; the driver is told of a configuration change after this. Any
     * thread; returns at once.
     */
    void infoChanged();

    /**
     * The backend says that something waits to be received. Any thread; returns at once.
     *
     * @param channel 0 to {@code channels().size() - 1}
     */
    void readable(int channel);

    /**
     * The backend says that it takes again after it had no room. Any thread; returns at once.
     *
     * @param channel 0 to {@code channels().size() - 1}
     */
    void writable(int channel);
}
