package io.busbar.devices.block;

import static io.busbar.core.virtio.VirtioConfig.has;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_CONFIG_WCE;
import static io.busbar.core.virtio.block.VirtioBlk.VIRTIO_BLK_F_FLUSH;

import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.device.ChainBatch;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.ModelState;
import io.busbar.api.device.StatefulDeviceModel;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.block.BlockConfigLayout;
import java.util.Arrays;
import java.util.Map;

/**
 * A virtio block device (virtio 1.2, 5.2).
 *
 * <p>Its state is three volatile words: the backend, what the driver accepted, and the cache mode. A queue reads each
 * once per batch, after the engine fetched the batch: a request that the driver made after it changed the mode is
 * served in the new mode.
 */
final class BlockModel implements StatefulDeviceModel {

    private static final String STATE_FORMAT = "virtio-blk";
    private static final int STATE_VERSION = 1;

    private final DeviceModelContext context;
    private final BlockOptions options;
    private final QueueCounters[] counters;

    /** Fixed at the first attach; written by the control thread before any chain is processed. */
    private volatile BlockOffer offer;

    /** The backend with the requests that belong to it, or null. */
    private volatile Attachment attachment;

    /** For a backend that was found fit to take the place of the one that is attached; null if there is none. */
    private Attachment prepared;

    private volatile long capacityTold;
    private volatile long driverFeatures;
    private volatile boolean writeBack;

    /**
     * A backend and its queues. Queues are made anew for each backend: a request that an old backend still holds, and
     * completes after it was fenced, can never be taken for a new one.
     */
    private record Attachment(BlockBackend backend, BlockQueue[] queues) {
    }

    BlockModel(DeviceModelContext context, BlockOptions options) {
        this.context = context;
        this.options = options;
        this.writeBack = options.writeBack();
        this.counters = new QueueCounters[options.queues()];
        Arrays.setAll(counters, queue -> new QueueCounters());
    }

    @Override
    public synchronized void attach(Object candidate) throws VdpaException {
        BlockBackend backend = disk(candidate);
        BlockInfo info = backend.info();
        boolean first = offer == null;
        if (first) {
            offer = BlockOffer.of(options, info);
        } else {
            offer.requireKeptBy(info);
        }
        long capacity = offer.capacity(info);
        boolean changed = !first && capacity != capacityTold;
        capacityTold = capacity;
        attachment = prepared != null && prepared.backend() == backend ? prepared : new Attachment(backend, queues(offer));
        prepared = null;
        if (changed) {
            context.configChanged();
        }
    }

    private static BlockBackend disk(Object candidate) throws VdpaException {
        if (candidate instanceof BlockBackend backend) {
            return backend;
        }
        throw new VdpaException(VdpaError.EINVAL,
                "backend " + candidate.getClass().getName() + ": expected one for block devices");
    }

    @Override
    public synchronized void checkSuccessor(Object candidate) throws VdpaException {
        BlockBackend backend = disk(candidate);
        BlockInfo info = backend.info();
        offer.requireKeptBy(info);
        long told = capacity();
        if (offer.capacity(info) != told) {
            throw new VdpaException(VdpaError.EINVAL, Reason.FEATURES_MISMATCH, "the backend has " + info.capacity()
                    + " bytes, but the driver was told " + told + ": expected the same; the block resize command changes it",
                    null);
        }
        if (prepared == null || prepared.backend() != backend) {
            prepared = new Attachment(backend, queues(offer));
        }
    }

    private BlockQueue[] queues(BlockOffer promised) {
        BlockQueue[] queues = new BlockQueue[counters.length];
        Arrays.setAll(queues, queue -> new BlockQueue(promised, options.serial(), counters[queue]));
        return queues;
    }

    @Override
    public synchronized void detach() {
        capacityTold = capacity();
        attachment = null;
        prepared = null;
    }

    @Override
    public long deviceFeatures() {
        BlockOffer promised = offer;
        return promised == null ? 0 : promised.features();
    }

    @Override
    public int vqCount() {
        return options.queues();
    }

    @Override
    public void setDriverFeatures(long features) {
        driverFeatures = features;
        if (features == 0) {
            writeBack = options.writeBack();
        } else if (has(features, VIRTIO_BLK_F_CONFIG_WCE) && !has(features, VIRTIO_BLK_F_FLUSH)) {
            writeBack = false; // virtio 1.2, 5.2.5.2
        }
    }

    @Override
    public int configSize() {
        return BlockConfigLayout.BYTES;
    }

    @Override
    public void readConfig(int offset, byte[] target) {
        Arrays.fill(target, (byte) 0);
        BlockOffer promised = offer;
        if (promised == null || offset < 0 || offset >= BlockConfigLayout.BYTES) {
            return;
        }
        byte[] config = promised.config(capacity(), writeBack);
        System.arraycopy(config, offset, target, 0, Math.min(target.length, config.length - offset));
    }

    private long capacity() {
        Attachment now = attachment;
        return now == null ? capacityTold : offer.capacity(now.backend().info());
    }

    @Override
    public void writeConfig(int offset, byte[] source) throws VdpaException {
        if (offset != BlockConfigLayout.WRITEBACK || source.length != 1) {
            throw new VdpaException(VdpaError.EINVAL, "config write of " + source.length + " bytes at " + offset
                    + ": expected 1 byte at " + BlockConfigLayout.WRITEBACK + ", the cache mode");
        }
        if (!has(deviceFeatures(), VIRTIO_BLK_F_CONFIG_WCE)) {
            throw new VdpaException(VdpaError.EINVAL, "cache mode: this disk has no volatile cache to switch");
        }
        int mode = Byte.toUnsignedInt(source[0]);
        if (mode > 1) {
            throw new VdpaException(VdpaError.EINVAL,
                    "cache mode " + mode + ": expected 0 (write-through) or 1 (write-back)");
        }
        writeBack = mode == 1;
    }

    /** One byte: the cache mode. The capacity is the backend's. */
    @Override
    public ModelState saveState() {
        return new ModelState(STATE_FORMAT, STATE_VERSION, new byte[] {(byte) (writeBack ? 1 : 0)});
    }

    @Override
    public void restoreState(ModelState state) throws VdpaException {
        byte[] content = state.content();
        if (!state.format().equals(STATE_FORMAT) || state.version() != STATE_VERSION || content.length != 1) {
            throw new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, "state " + state + ": expected "
                    + STATE_FORMAT + " version " + STATE_VERSION + ", 1 byte", null);
        }
        writeBack = content[0] != 0;
    }

    @Override
    public void process(int queue, ChainBatch batch) {
        Attachment now = attachment;
        long accepted = driverFeatures;
        now.queues()[queue].process(batch, now.backend(), accepted, mayHoldWrites(accepted));
    }

    /**
     * Returns whether a completed write may wait for a flush (virtio 1.2, 5.2.6.2): never if the driver can neither
     * flush nor choose, and never if it, or the user, chose write-through.
     */
    private boolean mayHoldWrites(long accepted) {
        if (has(accepted, VIRTIO_BLK_F_CONFIG_WCE)) {
            return writeBack;
        }
        return has(accepted, VIRTIO_BLK_F_FLUSH) && options.writeBack();
    }

    @Override
    public Map<String, Long> statistics(int queue) {
        return counters[queue].snapshot();
    }

    @Override
    public void close() {
        attachment = null;
    }
}
