package io.busbar.api.device;

import io.busbar.api.vdpa.VdpaException;
import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Speaks the protocol of one virtio device.
 *
 * <p>Life: created; {@link #attach}; then features and configuration are read, and chains processed while a driver runs;
 * {@link #detach} when the backend goes, {@code attach} when one is there again; {@link #close}. While no backend is
 * attached {@link #process} is not called.
 */
@ConsumerType
public interface DeviceModel extends AutoCloseable {

    /**
     * Takes a backend, in the place of the one that is attached if there is one. No chain is in flight. A model that is made to take the
     * place of another one is attached while that one still uses the backend: until it is told what the driver accepted it asks for the
     * backend's properties only.
     *
     * @param backend an opened backend of the factory's kind
     * @throws VdpaException if it does not do what a driver was told already (features, read-only), or is of the wrong
     *                       kind; nothing has changed then
     */
    void attach(Object backend) throws VdpaException;

    /**
     * Checks whether a backend could take the place of the one that is attached without the driver noticing: all that it was
     * told of the device still holds, the capacity of a disk too. While chains are processed; changes nothing, but may prepare what
     * {@link #attach} needs, which is called next with the same backend while a driver waits.
     *
     * @param backend an opened backend of the factory's kind
     * @throws VdpaException what does not hold any more
     */
    void checkSuccessor(Object backend) throws VdpaException;

    /** Lets the backend go. No chain is in flight. */
    void detach();

    /** Returns the features of its device type (virtio 1.2, 5.x.3: bits 0 to 23 and 50 up); fixed at the first attach. */
    long deviceFeatures();

    /** Returns the number of queues. */
    int vqCount();

    /**
     * Tells which features the driver accepted, at FEATURES_OK; 0 at a reset.
     *
     * @param features all bits, also those of the rings
     */
    void setDriverFeatures(long features);

    /** Returns the size of the configuration, bytes. */
    int configSize();

    /**
     * Reads the configuration. Any thread.
     *
     * @param offset first byte
     * @param target filled as a whole; 0 past the end
     */
    void readConfig(int offset, byte[] target);

    /**
     * Writes fields that the driver may write.
     *
     * @param offset first byte
     * @param source what to write
     * @throws VdpaException EINVAL if a field cannot be written, or not with that value
     */
    void writeConfig(int offset, byte[] source) throws VdpaException;

    /**
     * Takes chains. On the thread that owns the queue; must not block. Each chain is completed exactly once, now or
     * later, from any thread. The batch is valid during the call only, its chains until each is completed.
     *
     * @param queue queue
     * @param batch at least one chain
     */
    void process(int queue, ChainBatch batch);

    /**
     * Returns a queue's counters in the terms of the device type, in the order in which they are shown. Any thread.
     *
     * @param queue queue
     */
    Map<String, Long> statistics(int queue);

    /** Ends its life. No backend is attached any more. */
    @Override
    void close();
}
