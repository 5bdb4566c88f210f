package io.busbar.api.device;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.InflightArea;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.api.vdpa.VqCallback;
import io.busbar.api.vdpa.VqState;
import java.time.Duration;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The queues of one software device: rings, threads, notifications, requests in flight, and the driver's memory.
 *
 * <p>A queue processes chains while it is ready, the data path runs, and a model is attached; otherwise its chains wait,
 * and no kick is lost.
 *
 * <p>Threads: one control thread at a time, except {@link #kick}, {@link #wake}, {@link #counters}, {@link #faults},
 * {@link #health} and {@link #overdue}, which are for any thread. What stops something returns when no thread touches it any more, or throws
 * ETIMEDOUT after the engine's deadline; the data path then holds, says so in its health, and the call may be repeated.
 */
@ProviderType
public interface DataPath extends AutoCloseable {

    /**
     * Replaces the driver's memory.
     *
     * @param memory the new table
     * @throws VdpaException ETIMEDOUT
     */
    void setMemory(DriverMemory memory) throws VdpaException;

    /**
     * Sets the features that the driver accepted, before a queue is ready.
     *
     * @param features all bits
     */
    void setFeatures(long features);

    /**
     * Sets where a queue's parts are.
     *
     * @param index           queue, not ready
     * @param descriptorTable IOVA, 16-aligned
     * @param driverArea      IOVA, 2-aligned
     * @param deviceArea      IOVA, 4-aligned
     * @throws VdpaException EINVAL if one is misaligned
     */
    void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException;

    /**
     * Sets a queue's size.
     *
     * @param index queue, not ready
     * @param num   entries: a power of two up to {@link QueueEngine#maxQueueSize()}
     * @throws VdpaException EINVAL for another number
     */
    void setVqNum(int index, int num) throws VdpaException;

    /**
     * Sets where a queue goes on.
     *
     * @param index queue, not ready
     * @param state the state
     */
    void setVqState(int index, VqState state);

    /**
     * Returns where a queue stands.
     *
     * @param index queue, not ready or the data path paused
     */
    VqState getVqState(int index);

    /**
     * Sets who is told that buffers were used.
     *
     * @param index    queue
     * @param callback called on the queue's owner thread, or null
     */
    void setVqCallback(int index, VqCallback callback);

    /**
     * Sets the descriptor that is readable after a kick; see {@link io.busbar.api.vdpa.KickDescriptors}.
     *
     * @param index      queue
     * @param descriptor an eventfd of the caller's, or -1
     * @throws VdpaException EINVAL if it cannot be waited for; ETIMEDOUT
     */
    void setVqKickDescriptor(int index, int descriptor) throws VdpaException;

    /**
     * Starts or stops one queue.
     *
     * @param index queue
     * @param ready whether it is ready
     * @throws VdpaException EINVAL if its parts are not inside the driver's memory; ETIMEDOUT
     */
    void setVqReady(int index, boolean ready) throws VdpaException;

    /**
     * Returns whether a queue is ready.
     *
     * @param index queue
     */
    boolean getVqReady(int index);

    /**
     * Says that the driver made buffers available.
     *
     * @param index queue; ignored if it is not ready
     */
    void kick(int index);

    /**
     * Asks for the service of a queue that the model pulls; see {@link DeviceModelContext#wake}.
     *
     * @param index queue; ignored if it is not ready
     */
    void wake(int index);

    /** Lets ready queues process (DRIVER_OK, resume); each is looked at once. */
    void run();

    /**
     * Stops all queues from taking and using buffers (suspend), keeping their state.
     *
     * @throws VdpaException ETIMEDOUT
     */
    void pause() throws VdpaException;

    /**
     * Attaches the model that processes the queues' chains, or the same model with another backend.
     *
     * @param model the model, with a backend
     */
    void attach(DeviceModel model);

    /**
     * Takes the model off: queues hold.
     *
     * @throws VdpaException ETIMEDOUT
     */
    void detach() throws VdpaException;

    /**
     * Exchanges the model, or what is behind it: queues take nothing more, and once nothing is in flight the exchange is made
     * and they go on with the model that it returns. Where one thread owns all queues it first waits a little for a moment
     * in which nothing is in flight anyway, so that nobody waits for requests that take long.
     *
     * @param deadline how long what is in flight may take to end
     * @param exchange made while nothing is in flight, on the thread of a queue, so that no thread has to be waited for
     * @return how long the queues were held up
     * @throws VdpaException ETIMEDOUT if it did not end by then: the exchange was not made; or what the exchange throws. In
     *                       both cases the queues go on with the model that they had. EIO with reason BACKEND_STUCK if the exchange
     *                       does not come back: queues hold until {@link #detach} has succeeded and a model is attached
     */
    QueuePause exchange(Duration deadline, Exchange exchange) throws VdpaException;

    /**
     * Exchanges what is behind the model, also where requests do not end: those of queues whose chains are handed to the model are
     * then <em>fenced</em>. A verb of a fenced chain's payload throws in the thread that calls it, a completion is dropped and
     * counted, and the chain is handed to the model again, as the oldest, once the exchange was made.
     *
     * @param deadline how long what is in flight may take to end by itself
     * @param exchange as for {@link #exchange}
     * @return how long the queues were held up
     * @throws VdpaException ETIMEDOUT if what is in flight cannot be fenced, as a thread is at work on it: the queues go on as they
     *                       were. EIO if it was fenced and the exchange was refused, or does not come back, or was not come to as
     *                       somebody is still at work: queues hold until {@link #detach} has succeeded and a model with another backend is attached
     */
    QueuePause exchangeByForce(Duration deadline, Exchange exchange) throws VdpaException;

    /**
     * Makes a fresh area for the record of requests in flight; see {@link io.busbar.api.vdpa.InflightTracking}.
     *
     * @param queues    number of queues
     * @param queueSize entries of each
     * @throws VdpaException EINVAL, ENOMEM
     */
    InflightArea createInflight(int queues, int queueSize) throws VdpaException;

    /**
     * Uses an area from the next start of each queue on.
     *
     * @param area the area, or null for private memory
     * @throws VdpaException EINVAL
     */
    void setInflight(InflightArea area) throws VdpaException;

    /**
     * Stops every queue and forgets addresses, states, callbacks, kick descriptors, features and the in-flight area;
     * memory and model stay.
     *
     * @throws VdpaException ETIMEDOUT
     */
    void reset() throws VdpaException;

    /** Returns how often a descriptor pointed outside the driver's memory. */
    long faults();

    /**
     * Returns a queue's counters of the ring, in the order in which they are shown.
     *
     * @param index queue
     */
    Map<String, Long> counters(int index);

    /** Returns whether it works, and if not, why. */
    Health health();

    /**
     * Returns what is in flight for longer than the engine is set to, as a sentence that names queues and since when; empty if
     * nothing is. Looked at every second, so that it costs requests nothing.
     */
    String overdue();

    /** Puts something in the place of a model, or of what is behind it. */
    @FunctionalInterface
    interface Exchange {

        /**
         * Does it. The driver waits meanwhile, so it must not take long; the rest of a copy is the one exception, and has a limit of
         * its own.
         *
         * @return the model that the queues go on with: the one before, or one with the same queues of the same kinds and groups
         * @throws VdpaException if it is refused; all is as it was then
         */
        DeviceModel run() throws VdpaException;
    }

    /**
     * Stops everything and lets go of all threads; waits no longer than the engine's deadline. Requests that do not end by
     * then are waited for in the background: until {@link #health()} is well again the driver's memory has to stay.
     */
    @Override
    void close();
}
