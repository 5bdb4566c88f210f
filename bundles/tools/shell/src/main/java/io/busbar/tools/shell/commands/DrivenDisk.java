package io.busbar.tools.shell.commands;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.CompletionFuture;
import io.busbar.api.driver.DriverException;
import io.busbar.tools.shell.Inventory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** A disk in the hands of a command: any offset, any length; what does not answer is not waited for for ever. */
final class DrivenDisk implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 10;

    private final DrivenDevice<BlockDriver> device;
    private final BlockDriver disk;

    private DrivenDisk(DrivenDevice<BlockDriver> device) {
        this.device = device;
        this.disk = device.driver();
    }

    /**
     * Finds a disk, or takes it; see {@link DrivenDevice#open}.
     *
     * @param inventory what is there
     * @param name      as the user names it
     */
    static DrivenDisk open(Inventory inventory, String name) throws Wrong {
        return new DrivenDisk(DrivenDevice.open(inventory, name, BlockDriver.class));
    }

    /** Gives it back, if it was taken. */
    @Override
    public void close() throws Wrong {
        device.close();
    }

    /** Returns its driver. */
    BlockDriver driver() {
        return disk;
    }

    /** Returns its name, as the user knows it. */
    String name() {
        return device.name();
    }

    /**
     * Reads.
     *
     * @param offset any, the range inside the disk
     * @param length any
     */
    byte[] read(long offset, int length) throws Wrong {
        int block = disk.blockSize();
        int skip = (int) (offset % block);
        byte[] blocks = new byte[Math.ceilDiv(skip + length, block) * block];
        await(done -> disk.read(offset - skip, MemorySegment.ofArray(blocks), done));
        if (blocks.length == length) {
            return blocks;
        }
        byte[] bytes = new byte[length];
        System.arraycopy(blocks, skip, bytes, 0, length);
        return bytes;
    }

    /**
     * Writes; blocks of which only a part is written are read before.
     *
     * @param offset any, the range inside the disk
     * @param source the first bytes of it are written
     * @param length how many
     */
    void write(long offset, byte[] source, int length) throws Wrong {
        int block = disk.blockSize();
        int skip = (int) (offset % block);
        if (skip == 0 && length % block == 0) {
            await(done -> disk.write(offset, MemorySegment.ofArray(source).asSlice(0, length), done));
            return;
        }
        byte[] blocks = read(offset - skip, Math.ceilDiv(skip + length, block) * block);
        System.arraycopy(source, 0, blocks, skip, length);
        await(done -> disk.write(offset - skip, MemorySegment.ofArray(blocks), done));
    }

    /** Makes stable what was written. */
    void flush() throws Wrong {
        await(disk::flush);
    }

    /** Gives a range back. */
    void discard(long offset, long length) throws Wrong {
        await(done -> disk.discard(offset, length, done));
    }

    /** Makes a range read as zero. */
    void writeZeroes(long offset, long length) throws Wrong {
        await(done -> disk.writeZeroes(offset, length, false, done));
    }

    private void await(Consumer<CompletionFuture> operation) throws Wrong {
        CompletionFuture done = new CompletionFuture();
        try {
            operation.accept(done);
            done.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (IllegalArgumentException e) {
            throw new Wrong(e.getMessage(), e);
        } catch (ExecutionException e) {
            throw new Wrong(e.getCause() instanceof DriverException said ? said.getMessage() : e.getCause().toString(), e);
        } catch (TimeoutException e) {
            throw new Wrong(
                    name() + " gives no answer within " + PATIENCE_SECONDS + " s; its state is " + device.state(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Wrong(name() + ": interrupted", e);
        }
    }
}
