package io.busbar.busdrivers.virtio.block;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.DriverException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A disk as a channel of bytes. Whole blocks go straight between the buffer and the disk; at the edges a block is read,
 * and for a write changed and written, as a whole.
 */
final class DiskChannel implements SeekableByteChannel {

    private final BlockDriver disk;
    private final ReentrantLock partialWrites;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean open = true;
    /** Under the lock. */
    private long position;

    /**
     * Opens a channel.
     *
     * @param disk          the disk
     * @param partialWrites held while a block of the disk is read, changed and written
     */
    DiskChannel(BlockDriver disk, ReentrantLock partialWrites) {
        this.disk = disk;
        this.partialWrites = partialWrites;
    }

    /** A step of a transfer. */
    @FunctionalInterface
    private interface Step {
        void go(long offset, MemorySegment bytes) throws IOException;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        lock.lock();
        try {
            requireOpen();
            long left = disk.capacity() - position;
            if (left <= 0) {
                return target.hasRemaining() ? -1 : 0;
            }
            int bytes = (int) Math.min(left, target.remaining());
            return transfer(target, bytes, disk::read, this::readPart);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        lock.lock();
        try {
            requireOpen();
            if (disk.readOnly()) {
                throw new NonWritableChannelException();
            }
            long left = disk.capacity() - position;
            if (left <= 0 && source.hasRemaining()) {
                throw new DriverException(DriverException.Kind.OUT_OF_RANGE, DriverException.NO_STATUS, disk.device()
                        + ": write of " + source.remaining() + " bytes at " + position + ": the device has "
                        + disk.capacity() + " bytes");
            }
            int bytes = (int) Math.min(left, source.remaining());
            return transfer(source, bytes, disk::write, this::writePart);
        } finally {
            lock.unlock();
        }
    }

    /** Moves bytes at the position: a part of a block, whole blocks, a part of a block. The buffer goes along. */
    private int transfer(ByteBuffer buffer, int bytes, Step whole, Step part) throws IOException {
        int block = disk.blockSize();
        int done = 0;
        while (done < bytes) {
            int inBlock = (int) (position % block);
            int left = bytes - done;
            boolean partly = inBlock > 0 || left < block;
            int step = partly ? Math.min(block - inBlock, left) : left - left % block;
            MemorySegment segment = MemorySegment.ofBuffer(buffer.slice(buffer.position(), step));
            (partly ? part : whole).go(position, segment);
            buffer.position(buffer.position() + step);
            position += step;
            done += step;
        }
        return done;
    }

    private void readPart(long offset, MemorySegment target) throws IOException {
        MemorySegment block = MemorySegment.ofArray(new byte[disk.blockSize()]);
        long inBlock = offset % block.byteSize();
        disk.read(offset - inBlock, block);
        MemorySegment.copy(block, inBlock, target, 0, target.byteSize());
    }

    private void writePart(long offset, MemorySegment source) throws IOException {
        MemorySegment block = MemorySegment.ofArray(new byte[disk.blockSize()]);
        long inBlock = offset % block.byteSize();
        partialWrites.lock();
        try {
            disk.read(offset - inBlock, block);
            MemorySegment.copy(source, 0, block, inBlock, source.byteSize());
            disk.write(offset - inBlock, block);
        } finally {
            partialWrites.unlock();
        }
    }

    @Override
    public long position() throws IOException {
        lock.lock();
        try {
            requireOpen();
            return position;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public SeekableByteChannel position(long newPosition) throws IOException {
        if (newPosition < 0) {
            throw new IllegalArgumentException("position " + newPosition + ": expected 0 or more");
        }
        lock.lock();
        try {
            requireOpen();
            position = newPosition;
            return this;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long size() throws IOException {
        requireOpen();
        return disk.capacity();
    }

    @Override
    public SeekableByteChannel truncate(long size) throws IOException {
        requireOpen();
        if (size < 0) {
            throw new IllegalArgumentException("size " + size + ": expected 0 or more");
        }
        if (disk.readOnly()) {
            throw new NonWritableChannelException();
        }
        if (size < disk.capacity()) {
            throw new DriverException(DriverException.Kind.UNSUPPORTED, DriverException.NO_STATUS, disk.device()
                    + ": truncate to " + size + " bytes: a device keeps its " + disk.capacity() + " bytes");
        }
        lock.lock();
        try {
            position = Math.min(position, size);
            return this;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }

    private void requireOpen() throws ClosedChannelException {
        if (!open) {
            throw new ClosedChannelException();
        }
    }
}
