package io.busbar.tools.shell.commands;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.CompletionFuture;
import io.busbar.api.driver.DriverException;
import io.busbar.api.vdpa.BusSnapshot;
import io.busbar.api.vdpa.VdpaDevice;
import io.busbar.tools.shell.Inventory;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A disk in the hands of a command: one that this process drives already, or one that nobody has, taken for the time of the
 * command. Any offset, any length; what does not answer is not waited for for ever.
 */
final class DrivenDisk implements AutoCloseable {

    /** The bus driver whose services are used. */
    static final String DRIVER = "virtio";

    private static final long PATIENCE_SECONDS = 10;

    private final Inventory inventory;
    private final VdpaDevice device;
    private final BlockDriver disk;
    /** What the override was before; null if it was left as it is. */
    private final Optional<String> before;

    private DrivenDisk(Inventory inventory, VdpaDevice device, BlockDriver disk, Optional<String> before) {
        this.inventory = inventory;
        this.device = device;
        this.disk = disk;
        this.before = before;
    }

    /**
     * Finds a disk, or takes it.
     *
     * @param inventory what is there
     * @param name      as the user names it
     * @throws Wrong if there is none, or it is somebody else's: says whose, and what to do
     */
    static DrivenDisk open(Inventory inventory, String name) throws Wrong {
        VdpaDevice device = DeviceNames.find(inventory, name)
                .orElseThrow(() -> new Wrong("there is no device \"" + name + "\"" + DeviceNames.expected(inventory)));
        BusSnapshot.Device now = Overrides.look(inventory, device);
        if (now.busDriver().equals(DRIVER)) {
            return new DrivenDisk(inventory, device, disk(inventory, device), null);
        }
        if (!now.busDriver().isEmpty()) {
            throw new Wrong(name + " is bound to the bus driver " + now.busDriver() + (now.endpoint().isEmpty() ? "" : ", at "
                    + now.endpoint()) + "; \"driver override " + name + " " + DRIVER + "\" gives it to this process, \""
                    + "driver override " + name + " " + DriverCommand.ANY + "\" gives it back");
        }
        return take(inventory, device);
    }

    private static DrivenDisk take(Inventory inventory, VdpaDevice device) throws Wrong {
        Optional<String> before = device.driverOverride();
        Overrides.set(inventory, device, Optional.of(DRIVER));
        try {
            BusSnapshot.Device now = Overrides.look(inventory, device);
            if (!now.busDriver().equals(DRIVER)) {
                throw new Wrong(DeviceNames.of(device) + " cannot be driven: " + PartsCommand.health(now.health()));
            }
            return new DrivenDisk(inventory, device, disk(inventory, device), before);
        } catch (Wrong e) {
            Overrides.set(inventory, device, before);
            throw e;
        }
    }

    private static BlockDriver disk(Inventory inventory, VdpaDevice device) throws Wrong {
        return inventory.disks().stream()
                .filter(disk -> disk.device().equals(device.name()) && disk.bus().equals(device.busName()))
                .findFirst()
                .orElseThrow(() -> new Wrong(DeviceNames.of(device) + " is no block device that this process drives"));
    }

    /** Gives it back, if it was taken. */
    @Override
    public void close() throws Wrong {
        if (before != null) {
            Overrides.set(inventory, device, before);
        }
    }

    /** Returns its driver. */
    BlockDriver driver() {
        return disk;
    }

    /** Returns its name, as the user knows it. */
    String name() {
        return DeviceNames.of(device);
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
            BusSnapshot.Device now = Overrides.look(inventory, device);
            throw new Wrong(name() + " gives no answer within " + PATIENCE_SECONDS + " s; its state is "
                    + now.state().name().toLowerCase(Locale.ROOT)
                    + (now.health().ok() ? "" : ", " + PartsCommand.health(now.health())), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Wrong(name() + ": interrupted", e);
        }
    }
}
