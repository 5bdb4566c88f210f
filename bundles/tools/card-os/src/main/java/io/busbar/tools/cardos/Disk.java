package io.busbar.tools.cardos;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.Completion;
import io.busbar.api.driver.CompletionFuture;
import io.busbar.api.driver.DriverException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** A block device. One thread at a time writes; the self-check leaves a disk that is written alone. */
final class Disk implements Part {

    private static final int PIECE_BYTES = 1 << 20;
    private static final long CHECKED_BYTES = 64 << 10;

    private final BlockDriver device;
    private final Duration patience;
    private final ReentrantLock writing = new ReentrantLock();
    private final List<Watched<?>> watched;

    Disk(BlockDriver device, Duration patience) {
        this.device = device;
        this.patience = patience;
        watched = List.of(
                new Watched<>(device::capacity, bytes -> "has " + bytes + " bytes now"),
                new Watched<>(device::isUp, up -> up ? "is up again" : "is down: the device has to be reset"));
    }

    @Override
    public BlockDriver device() {
        return device;
    }

    /** Held by whoever writes. */
    ReentrantLock writing() {
        return writing;
    }

    @Override
    public String description() {
        return "disk, " + device.capacity() + " bytes in blocks of " + device.blockSize() + (device.readOnly() ? ", read-only" : "");
    }

    @Override
    public List<Watched<?>> watched() {
        return watched;
    }

    @Override
    public void close() {
        // Who works on it is told by the driver.
    }

    // The self-check: what is on the disk stays on it

    @Override
    public List<Check> check() throws InterruptedException {
        long capacity = device.capacity();
        long bytes = Math.min(capacity, CHECKED_BYTES) / device.blockSize() * device.blockSize();
        List<Check> checks = new ArrayList<>();
        checks.add(Check.of(description(), bytes > 0, "expected a block and more"));
        if (bytes == 0) {
            return checks;
        }
        // No arena that could be closed while a device that does not answer still has its memory.
        MemorySegment first = Arena.ofAuto().allocate(bytes);
        MemorySegment again = Arena.ofAuto().allocate(bytes);
        step(checks, "reads its first " + bytes + " bytes", end -> device.read(0, first, end));
        step(checks, "reads its last " + bytes + " bytes",
                end -> device.read((capacity - bytes) / device.blockSize() * device.blockSize(), again, end));
        if (!device.readOnly() && writing.tryLock()) {
            try {
                writeBack(checks, first, again);
            } finally {
                writing.unlock();
            }
        }
        return checks;
    }

    private void writeBack(List<Check> checks, MemorySegment first, MemorySegment again) throws InterruptedException {
        step(checks, "reads them again", end -> device.read(0, first, end));
        if (checks.stream().anyMatch(Check::failed)) {
            return; // What was not read must not be written.
        }
        step(checks, "writes what it has read", end -> device.write(0, first, end));
        step(checks, "flushes", device::flush);
        step(checks, "reads what was written", end -> device.read(0, again, end));
        long difference = first.mismatch(again);
        checks.add(Check.of("is what was written", difference < 0, "byte " + difference + " is another one"));
    }

    private void step(List<Check> checks, String what, Consumer<Completion> operation) throws InterruptedException {
        CompletionFuture end = new CompletionFuture();
        operation.accept(end);
        String failure = "";
        try {
            end.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            failure = "no answer in " + patience.toMillis() + " ms";
        } catch (ExecutionException e) {
            failure = e.getCause().getMessage();
        }
        checks.add(new Check(what, failure));
    }

    // For the commands

    /** Writes noise, and flushes. */
    void fill(long offset, long length, long seed) throws DriverException, InterruptedIOException, InterruptedException {
        writing.lockInterruptibly();
        try {
            fillLocked(offset, length, new Noise(seed));
        } finally {
            writing.unlock();
        }
    }

    /** As {@link #fill}, for one who writes already. */
    void fillLocked(long offset, long length, Noise noise) throws DriverException, InterruptedIOException {
        MemorySegment piece = Arena.ofAuto().allocate(Math.min(length, PIECE_BYTES), Long.BYTES);
        for (long done = 0; done < length; done += PIECE_BYTES) {
            MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, length - done));
            noise.fill(offset + done, part);
            device.write(offset + done, part);
        }
        device.flush();
    }

    /**
     * Reads noise.
     *
     * @return the offset of the first 8 bytes that are others; -1 if there are none
     */
    long verify(long offset, long length, Noise noise) throws DriverException, InterruptedIOException {
        long[] wrong = {-1};
        pieces(offset, length, (at, piece) -> wrong[0] = wrong[0] < 0 ? noise.mismatch(at, piece) : wrong[0]);
        return wrong[0];
    }

    /** Reads a range piece by piece, each with its offset. */
    void pieces(long offset, long length, BiConsumer<Long, MemorySegment> reader) throws DriverException, InterruptedIOException {
        MemorySegment piece = Arena.ofAuto().allocate(Math.min(length, PIECE_BYTES), Long.BYTES);
        for (long done = 0; done < length; done += PIECE_BYTES) {
            MemorySegment part = piece.asSlice(0, Math.min(PIECE_BYTES, length - done));
            device.read(offset + done, part);
            reader.accept(offset + done, part);
        }
    }

    /** Returns bytes as hexadecimal digits. */
    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
