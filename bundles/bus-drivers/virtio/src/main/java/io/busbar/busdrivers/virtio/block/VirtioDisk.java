package io.busbar.busdrivers.virtio.block;

import static io.busbar.core.virtio.VirtioConfig.bit;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.Completion;
import io.busbar.api.driver.DriverException;
import io.busbar.api.driver.DriverException.Kind;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.block.Slots.Slot;
import io.busbar.busdrivers.virtio.life.DeviceConfig;
import io.busbar.busdrivers.virtio.life.DeviceType;
import io.busbar.busdrivers.virtio.life.Lane;
import io.busbar.busdrivers.virtio.life.LiveDevice;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.busdrivers.virtio.life.Plan;
import io.busbar.core.virtio.block.VirtioBlk;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SeekableByteChannel;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk in use: what users asked for and has not ended, from one reset of the device to the next and beyond.
 *
 * <p>Who begins an operation also gives its pieces to the device, as far as slots are free; the lane gives more when
 * requests end. While there are no {@link Slots}, because the device is not up, operations wait.
 */
public final class VirtioDisk implements DeviceType, BlockDriver {

    private static final Logger LOG = LoggerFactory.getLogger(VirtioDisk.class);
    /** Most requests that are ended in one turn of the lane. */
    private static final int BATCH = 64;
    private static final int COPY_BYTES = 1 << 20;
    /** Any thread but those that use disks. */
    private static final Thread OTHER_THREAD = Thread.ofPlatform().unstarted(() -> { });

    private final String device;
    private final String bus;
    private final Lane lane;
    private final DiskSettings settings;
    private final Slot[] taken = new Slot[BATCH];
    /** A monitor: waiting for it allocates nothing. */
    private final Object lock = new Object();
    /** One block at a time is read, changed and written, among all channels. */
    private final ReentrantLock partialWrites = new ReentrantLock();
    private volatile DiskGeometry geometry;

    // Under the lock
    private SlotPlan plan;
    /** Null while the device is not up. */
    private volatile Slots slots;
    /** The slots of a device that is about to be reset. */
    private Slots halted;
    /** Why a reset lost what the slots that are no longer used had. */
    private Loss loss = new Loss(Kind.RESET, "");
    private String ended;
    private final TransferList waiting = new TransferList();
    private final TransferList finished = new TransferList();
    private Transfer spare;

    /** What happened to requests that went down with a device. */
    private record Loss(Kind kind, String why) {}

    /**
     * Makes the driver of a disk that is not up yet.
     *
     * @param device   its name
     * @param bus      its bus
     * @param lane     its thread
     * @param settings how it is driven
     */
    public VirtioDisk(String device, String bus, Lane lane, DiskSettings settings) {
        this.device = device;
        this.bus = bus;
        this.lane = lane;
        this.settings = settings;
    }

    // The disk

    @Override
    public String device() {
        return device;
    }

    @Override
    public String bus() {
        return bus;
    }

    @Override
    public boolean isUp() {
        return slots != null;
    }

    @Override
    public long capacity() {
        return geometry.capacity();
    }

    @Override
    public int blockSize() {
        return geometry.blockSize();
    }

    @Override
    public int physicalBlockSize() {
        return geometry.physicalBlock();
    }

    @Override
    public boolean readOnly() {
        return geometry.readOnly();
    }

    @Override
    public boolean canDiscard() {
        return geometry.maxDiscardBytes() > 0;
    }

    @Override
    public SeekableByteChannel channel() {
        return new DiskChannel(this, partialWrites);
    }

    // Operations that wait

    @Override
    public void read(long offset, MemorySegment target) throws DriverException, InterruptedIOException {
        requireWritable(target);
        if (isForAll(target)) {
            perform(Operation.READ, offset, target.byteSize(), target, false);
            return;
        }
        requireAligned(Operation.READ, offset, target.byteSize());
        MemorySegment copy = MemorySegment.ofArray(new byte[(int) Math.min(copyBytes(), target.byteSize())]);
        for (long done = 0; done < target.byteSize(); done += copy.byteSize()) {
            MemorySegment part = copy.asSlice(0, Math.min(copy.byteSize(), target.byteSize() - done));
            perform(Operation.READ, offset + done, part.byteSize(), part, false);
            MemorySegment.copy(part, 0, target, done, part.byteSize());
        }
    }

    @Override
    public void write(long offset, MemorySegment source) throws DriverException, InterruptedIOException {
        if (isForAll(source)) {
            perform(Operation.WRITE, offset, source.byteSize(), source, false);
            return;
        }
        requireAligned(Operation.WRITE, offset, source.byteSize());
        MemorySegment copy = MemorySegment.ofArray(new byte[(int) Math.min(copyBytes(), source.byteSize())]);
        for (long done = 0; done < source.byteSize(); done += copy.byteSize()) {
            MemorySegment part = copy.asSlice(0, Math.min(copy.byteSize(), source.byteSize() - done));
            MemorySegment.copy(source, done, part, 0, part.byteSize());
            perform(Operation.WRITE, offset + done, part.byteSize(), part, false);
        }
    }

    /** What belongs to one thread goes through copies, as it is the lane that ends operations. */
    private int copyBytes() {
        return Math.max(COPY_BYTES, geometry.blockSize());
    }

    @Override
    public void flush() throws DriverException, InterruptedIOException {
        perform(Operation.FLUSH, 0, 0, null, false);
    }

    @Override
    public void discard(long offset, long length) throws DriverException, InterruptedIOException {
        perform(Operation.DISCARD, offset, length, null, false);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) throws DriverException, InterruptedIOException {
        perform(Operation.WRITE_ZEROES, offset, length, null, unmap);
    }

    // Operations that do not

    @Override
    public void read(long offset, MemorySegment target, Completion completion) {
        requireWritable(target);
        requireForAll(target);
        begin(Operation.READ, offset, target.byteSize(), target, false, completion);
    }

    @Override
    public void write(long offset, MemorySegment source, Completion completion) {
        requireForAll(source);
        begin(Operation.WRITE, offset, source.byteSize(), source, false, completion);
    }

    @Override
    public void flush(Completion completion) {
        begin(Operation.FLUSH, 0, 0, null, false, completion);
    }

    @Override
    public void discard(long offset, long length, Completion completion) {
        begin(Operation.DISCARD, offset, length, null, false, completion);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap, Completion completion) {
        begin(Operation.WRITE_ZEROES, offset, length, null, unmap, completion);
    }

    // What can be said before the device is asked

    private static void requireWritable(MemorySegment target) {
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("the segment is read-only: expected one that can be filled");
        }
    }

    /** The lane copies, or another thread that begins an operation. */
    private static boolean isForAll(MemorySegment segment) {
        return segment.isAccessibleBy(OTHER_THREAD);
    }

    private static void requireForAll(MemorySegment segment) {
        if (!isForAll(segment)) {
            throw new IllegalArgumentException("the segment belongs to one thread: expected one that any can use");
        }
    }

    private void requireAligned(Operation operation, long offset, long length) {
        int block = geometry.blockSize();
        if (offset < 0 || length < 0 || (offset | length) % block != 0) {
            throw new IllegalArgumentException(device + ": " + operation.describe(offset, length)
                    + ": expected multiples of the block size, " + block + ", and 0 or more");
        }
    }

    /** Returns why the device need not be asked, or null. */
    private DriverException refusal(Operation operation, long offset, long length) {
        DiskGeometry now = geometry;
        if (operation != Operation.READ && operation != Operation.FLUSH && now.readOnly()) {
            return refused(Kind.READ_ONLY, operation, offset, length, "the device is read-only");
        }
        if (operation == Operation.DISCARD && now.maxDiscardBytes() == 0) {
            return refused(Kind.UNSUPPORTED, operation, offset, length, "the device has no discard");
        }
        if (length > now.capacity() - offset) {
            return refused(Kind.OUT_OF_RANGE, operation, offset, length, "the device has " + now.capacity() + " bytes");
        }
        return null;
    }

    private DriverException refused(Kind kind, Operation operation, long offset, long length, String what) {
        return new DriverException(
                kind, DriverException.NO_STATUS, device + ": " + operation.describe(offset, length) + ": " + what);
    }

    /** A disk without FLUSH has nothing volatile (virtio 1.2, 5.2.6.2). */
    private boolean isNothing(Operation operation, long length) {
        return operation == Operation.FLUSH ? !geometry.has(VirtioBlk.VIRTIO_BLK_F_FLUSH) : length == 0;
    }

    // Begin

    private void begin(
            Operation operation, long offset, long length, MemorySegment data, boolean unmap, Completion completion) {
        Objects.requireNonNull(completion, "completion");
        requireAligned(operation, offset, length);
        DriverException refusal = refusal(operation, offset, length);
        if (refusal != null || isNothing(operation, length)) {
            completion.ended(refusal);
        } else {
            String why = enqueue(operation, offset, length, data, unmap, completion) == null ? ended : null;
            if (why != null) {
                completion.ended(refused(Kind.GONE, operation, offset, length, why));
            }
            pump();
        }
    }

    private void perform(Operation operation, long offset, long length, MemorySegment data, boolean unmap)
            throws DriverException, InterruptedIOException {
        if (lane.isCurrent()) {
            throw new IllegalStateException(device + ": " + operation.describe(offset, length)
                    + " inside a completion: expected an operation that does not wait");
        }
        requireAligned(operation, offset, length);
        DriverException refusal = refusal(operation, offset, length);
        if (refusal != null) {
            throw refusal;
        }
        if (isNothing(operation, length)) {
            return;
        }
        Transfer transfer = enqueue(operation, offset, length, data, unmap, null);
        if (transfer == null) {
            throw refused(Kind.GONE, operation, offset, length, ended);
        }
        pump();
        await(transfer);
    }

    /** Returns the operation in the list of those that wait for slots; null if the device is gone for good. */
    private Transfer enqueue(
            Operation operation, long offset, long length, MemorySegment data, boolean unmap, Completion completion) {
        synchronized (lock) {
            if (ended != null) {
                return null;
            }
            Transfer transfer = spare;
            if (transfer == null) {
                transfer = new Transfer();
            } else {
                spare = transfer.next;
            }
            transfer.begin(operation, offset, length, data, unmap, completion);
            waiting.add(transfer);
            return transfer;
        }
    }

    private void recycle(Transfer transfer) {
        transfer.clear();
        transfer.next = spare;
        spare = transfer;
    }

    /** Gives pieces to the device while there are pieces and free slots. */
    private void pump() {
        Slots filledIn = null;
        Slot filled = null;
        while (true) {
            synchronized (lock) {
                if (filled != null) {
                    give(filledIn, filled);
                }
                filledIn = slots;
                filled = filledIn == null ? null : claim(filledIn);
            }
            if (filled == null) {
                return;
            }
            filledIn.fill(filled);
        }
    }

    private Slot claim(Slots from) {
        while (!waiting.isEmpty() && from.hasFree()) {
            Transfer transfer = waiting.first();
            if (from.serves(transfer.operation())) {
                Slot slot = from.take(transfer);
                if (transfer.isIssued()) {
                    waiting.remove();
                }
                return slot;
            }
            // The device came back as one that cannot do it.
            waiting.remove();
            transfer.fail(from.failure(transfer, Kind.UNSUPPORTED, DriverException.NO_STATUS, "the device has no discard"));
            finishIfEnded(transfer);
        }
        return null;
    }

    /** Gives a filled slot to the device, unless its bytes could not be had, or the device went down meanwhile. */
    private void give(Slots filledIn, Slot slot) {
        Transfer transfer = slot.transfer();
        untouch(transfer);
        if (slot.failure() == null && filledIn == slots) {
            filledIn.add(slot);
            filledIn.submit();
            return;
        }
        if (filledIn == halted) {
            filledIn.lose(slot);
            return;
        }
        DriverException why = slot.failure() == null ? lost(filledIn, transfer) : slot.failure();
        filledIn.release(slot);
        endPiece(transfer, why);
    }

    private DriverException lost(Slots slotsOfThen, Transfer transfer) {
        return slotsOfThen.failure(transfer, loss.kind(), DriverException.NO_STATUS, loss.why());
    }

    private void untouch(Transfer transfer) {
        transfer.untouch();
        if (transfer.isAbandoned()) {
            lock.notifyAll();
        }
    }

    // End

    private void endPiece(Transfer transfer, DriverException why) {
        boolean waits = !transfer.isIssued();
        transfer.endPiece(why);
        if (waits && transfer.isIssued()) {
            waiting.remove(transfer);
        }
        finishIfEnded(transfer);
    }

    private void finishIfEnded(Transfer transfer) {
        if (!transfer.hasEnded()) {
            return;
        }
        if (transfer.isAbandoned()) {
            recycle(transfer);
        } else if (transfer.completion() == null) {
            transfer.releaseWaiter();
        } else {
            finished.add(transfer);
            lane.wake();
        }
    }

    /** Waits for the end of an operation of the calling thread. */
    private void await(Transfer transfer) throws DriverException, InterruptedIOException {
        while (!transfer.isDone()) {
            LockSupport.park(this);
            if (Thread.currentThread().isInterrupted() && leave(transfer)) {
                throw new InterruptedIOException(device + ": interrupted while an operation was waited for");
            }
        }
        DriverException failure = transfer.failure();
        synchronized (lock) {
            recycle(transfer);
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Ends the wait for an operation that may still be with the device: its memory is not touched after the return.
     *
     * @return false if the operation has ended after all
     */
    private boolean leave(Transfer transfer) {
        synchronized (lock) {
            if (transfer.isDone()) {
                return false;
            }
            waiting.remove(transfer);
            transfer.abandon();
            // This thread counts as one that touches it, so that nobody else ends it meanwhile.
            transfer.touch();
            awaitCopies(transfer);
            transfer.untouch();
            finishIfEnded(transfer);
            return true;
        }
    }

    /** Waits while others copy bytes of it, which they do without waiting for anything. The thread is interrupted. */
    private void awaitCopies(Transfer transfer) {
        boolean interrupted = Thread.interrupted();
        while (transfer.isTouchedByOthers()) {
            try {
                lock.wait();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Tells who began an operation that it has ended. On the lane, or after its end. */
    private int tellFinished() {
        int told = 0;
        while (true) {
            Completion completion;
            DriverException failure;
            synchronized (lock) {
                if (finished.isEmpty()) {
                    return told;
                }
                Transfer transfer = finished.remove();
                completion = transfer.completion();
                failure = transfer.failure();
                recycle(transfer);
            }
            told++;
            tell(completion, failure);
        }
    }

    private void tell(Completion completion, DriverException failure) {
        try {
            completion.ended(failure);
        } catch (RuntimeException | Error e) {
            // Also an error, as of an assertion: it is that of one user, and the others' operations have to end.
            LOG.error("{}: a completion failed", device, e);
        }
    }

    // The device's life

    @Override
    public long features() {
        return bit(VirtioBlk.VIRTIO_BLK_F_SIZE_MAX) | bit(VirtioBlk.VIRTIO_BLK_F_SEG_MAX) | bit(VirtioBlk.VIRTIO_BLK_F_RO)
                | bit(VirtioBlk.VIRTIO_BLK_F_BLK_SIZE) | bit(VirtioBlk.VIRTIO_BLK_F_FLUSH)
                | bit(VirtioBlk.VIRTIO_BLK_F_TOPOLOGY) | bit(VirtioBlk.VIRTIO_BLK_F_DISCARD)
                | bit(VirtioBlk.VIRTIO_BLK_F_WRITE_ZEROES);
    }

    @Override
    public Plan plan(Offer offer) throws VdpaException {
        DiskGeometry now = DiskGeometry.of(offer);
        plan = SlotPlan.of(offer, now, settings);
        geometry = now;
        return plan.plan();
    }

    @Override
    public void start(LiveDevice live) {
        synchronized (lock) {
            halted = new Slots(live, geometry, plan);
        }
    }

    @Override
    public void run() {
        synchronized (lock) {
            slots = halted;
            halted = null;
        }
        pump();
    }

    @Override
    public int work() {
        int count = takeUsed();
        if (count > 0) {
            endTaken(count);
            pump();
        }
        int told = tellFinished();
        if (count != 0) {
            return count;
        }
        return told > 0 || usedMeanwhile() ? 1 : 0;
    }

    private int takeUsed() {
        synchronized (lock) {
            return slots == null ? 0 : slots.poll(taken);
        }
    }

    private boolean usedMeanwhile() {
        synchronized (lock) {
            return slots != null && slots.enableCalls();
        }
    }

    private void endTaken(int count) {
        Slots now = slots == null ? halted : slots;
        for (int i = 0; i < count; i++) {
            now.judge(taken[i]);
        }
        synchronized (lock) {
            for (int i = 0; i < count; i++) {
                Slot slot = taken[i];
                taken[i] = null;
                Transfer transfer = slot.transfer();
                DriverException failure = slot.failure();
                untouch(transfer);
                now.release(slot);
                endPiece(transfer, failure);
            }
        }
    }

    @Override
    public void configChanged(DeviceConfig config) {
        DiskGeometry now = geometry.with(config);
        if (now.capacity() != geometry.capacity()) {
            LOG.debug("{}: has {} bytes now", device, now.capacity());
            geometry = now;
        }
    }

    @Override
    public void halt() {
        synchronized (lock) {
            if (slots != null) {
                halted = slots;
                slots = null;
            }
        }
    }

    @Override
    public void wasReset(String why) {
        lose(new Loss(Kind.RESET, why));
        tellFinished();
    }

    @Override
    public void end(String why) {
        synchronized (lock) {
            ended = why;
        }
        Loss end = new Loss(Kind.GONE, why);
        lose(end);
        synchronized (lock) {
            while (!waiting.isEmpty()) {
                Transfer transfer = waiting.remove();
                transfer.fail(refused(Kind.GONE, transfer.operation(), transfer.offset(), transfer.length(), why));
                finishIfEnded(transfer);
            }
        }
        tellFinished();
    }

    /** Ends what the device used, then fails what it had and did not use. */
    private void lose(Loss with) {
        int used = takeHalted();
        while (used > 0) {
            endTaken(used);
            used = takeHalted();
        }
        synchronized (lock) {
            loss = with;
            if (halted != null) {
                for (Slot slot : halted.takeLost()) {
                    Transfer transfer = slot.transfer();
                    halted.release(slot);
                    endPiece(transfer, lost(halted, transfer));
                }
                halted = null;
            }
        }
    }

    private int takeHalted() {
        synchronized (lock) {
            return halted == null ? 0 : halted.poll(taken);
        }
    }
}
