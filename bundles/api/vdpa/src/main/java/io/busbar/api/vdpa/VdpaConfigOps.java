package io.busbar.api.vdpa;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The control path of a vDPA device: what a bus driver may ask of it (Linux {@code struct vdpa_config_ops}). The data
 * path itself follows the virtio standard.
 *
 * <p>Order rules, which the bus enforces before an op reaches the device:
 * <ol>
 * <li>{@link #reset}; {@link #setStatus} ACKNOWLEDGE, DRIVER; {@link #setDriverFeatures}; FEATURES_OK;
 * <li>per queue, while it is not ready: {@link #setVqCallback}, {@link #setVqNum}, {@link #setVqAddress},
 *     {@link #setVqState}; {@link #setVqReady} last;
 * <li>DRIVER_OK: the data path starts. Queues may become ready after it only if the device says so
 *     ({@link BackendFeatures#ENABLE_AFTER_DRIVER_OK}).
 * </ol>
 *
 * <p>Optional abilities are interfaces of their own, asked for with {@code instanceof} on the ops object:
 * {@link OnChipIommu}, {@link IncrementalIommu}, {@link PlatformDma}, {@link AddressSpaces}, {@link Suspendable},
 * {@link QueueStatistics}, {@link KickDescriptors}, {@link CallDescriptors}, {@link InflightTracking},
 * {@link BackendFeatures}, {@link ResizableCapacity}, {@link DmaFaultCounter}.
 *
 * <p>Threads: one control thread at a time, except {@link #kickVq}, {@link #getStatus} and {@link #getConfig}, which any
 * thread may call at any time.
 */
@ConsumerType
public interface VdpaConfigOps {

    // Virtqueue ops

    /**
     * Sets where the queue's parts are. The queue is not ready.
     *
     * @param index           queue, 0 to queues - 1
     * @param descriptorTable IOVA of the descriptor table (split) or descriptor ring (packed)
     * @param driverArea      IOVA of the available ring, or driver event suppression
     * @param deviceArea      IOVA of the used ring, or device event suppression
     * @throws VdpaException EINVAL if an address is misaligned (virtio 1.2, 2.7: 16, 2, 4)
     */
    void setVqAddress(int index, long descriptorTable, long driverArea, long deviceArea) throws VdpaException;

    /**
     * Sets the queue's size. The queue is not ready. The bus has checked that it is a power of two from 1 to
     * {@link #getVqNumMax()}.
     *
     * @param index queue
     * @param num   entries
     */
    void setVqNum(int index, int num) throws VdpaException;

    /**
     * Says that the driver made buffers available. Any thread; must not block. Ignored while the queue is not ready.
     *
     * @param index queue
     */
    void kickVq(int index);

    /**
     * Sets who is told that buffers were used.
     *
     * @param index    queue
     * @param callback called on the device's threads, or null to tell nobody
     */
    void setVqCallback(int index, VqCallback callback);

    /**
     * Starts or stops one queue. Starting is the last step of setting it up; stopping returns when the device has left
     * the queue: no access to its memory after it.
     *
     * @param index queue
     * @param ready whether it runs
     * @throws VdpaException EINVAL if the parts are not inside mapped memory; ETIMEDOUT if requests in flight do not end
     */
    void setVqReady(int index, boolean ready) throws VdpaException;

    /** Returns whether the queue was started. */
    boolean getVqReady(int index);

    /**
     * Sets where a queue goes on. The queue is not ready.
     *
     * @param index queue
     * @param state the state
     */
    void setVqState(int index, VqState state) throws VdpaException;

    /**
     * Returns where a queue stands. The queue is stopped, or the device suspended.
     *
     * @param index queue
     * @throws VdpaException EBUSY while the queue runs
     */
    VqState getVqState(int index) throws VdpaException;

    /** Returns the alignment that each part of a queue needs, bytes. */
    int getVqAlign();

    /** Returns the largest size of a queue, a power of two up to 32768. */
    int getVqNumMax();

    // Device ops

    /** Returns the features that the device offers (virtio 1.2, 2.2); the same for its whole life. */
    long getDeviceFeatures();

    /**
     * Sets the features that the driver accepted. After DRIVER, before FEATURES_OK.
     *
     * @param features a subset of {@link #getDeviceFeatures()}
     * @throws VdpaException EINVAL for a set that cannot work
     */
    void setDriverFeatures(long features) throws VdpaException;

    /** Returns the features that the driver accepted, 0 before. */
    long getDriverFeatures();

    /**
     * Sets who is told that the configuration changed.
     *
     * @param callback called on the device's threads, or null
     */
    void setConfigCallback(ConfigCallback callback);

    /** Returns the virtio device id (virtio 1.2, 5): 2 is block. */
    int getDeviceId();

    /** Returns the vendor id. */
    int getVendorId();

    /** Returns the device status (virtio 1.2, 2.1): 0 to 255. Any thread. */
    int getStatus();

    /**
     * Sets the device status; only adds bits, never 0 (that is {@link #reset}). FEATURES_OK that is not accepted is
     * left clear. DRIVER_OK starts the data path.
     *
     * @param status all bits, 1 to 255
     */
    void setStatus(int status) throws VdpaException;

    /**
     * Resets the device: status and driver features 0; every queue not ready, with no addresses, callback or state;
     * no config callback; address space groups as at first. Memory mappings and the device's configuration stay.
     * Returns when nothing touches the driver's memory any more.
     *
     * @throws VdpaException ETIMEDOUT if requests in flight do not end; the device then holds and says why
     */
    void reset() throws VdpaException;

    /** Returns the size of the configuration, bytes. */
    int getConfigSize();

    /**
     * Reads the configuration. Any thread.
     *
     * @param offset first byte
     * @param target filled as a whole; bytes past the end of the configuration are 0
     */
    void getConfig(int offset, byte[] target);

    /**
     * Writes fields of the configuration that the driver may write.
     *
     * @param offset first byte
     * @param source what to write
     * @throws VdpaException EINVAL if a field there cannot be written, or the value is out of its range
     */
    void setConfig(int offset, byte[] source) throws VdpaException;

    /** Returns a count that changes whenever more than one field of the configuration may have changed. */
    int getGeneration();

    /** Returns the addresses that the device can reach. */
    IovaRange getIovaRange();
}
