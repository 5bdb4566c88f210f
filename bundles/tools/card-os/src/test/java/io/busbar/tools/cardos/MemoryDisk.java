package io.busbar.tools.cardos;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.Completion;
import io.busbar.api.driver.CompletionFuture;
import io.busbar.api.driver.DriverException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** A disk in memory, which can be told to go wrong. */
final class MemoryDisk implements BlockDriver {

    final byte[] content;
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    volatile boolean readOnly;
    volatile boolean silent;
    volatile String refused = "";
    /** Whether what is written ends up elsewhere. */
    volatile boolean forgetful;
    volatile long capacity;
    volatile boolean up = true;

    MemoryDisk(int bytes) {
        content = new byte[bytes];
        capacity = bytes;
    }

    private void does(String what, Runnable work, Completion completion) {
        calls.add(what);
        if (silent) {
            return;
        }
        if (what.startsWith(refused) && !refused.isEmpty()) {
            completion.ended(new DriverException(DriverException.Kind.DEVICE_ERROR, 1, device() + ": " + what + " failed"));
            return;
        }
        work.run();
        completion.ended(null);
    }

    private static void await(CompletionFuture done) throws DriverException, InterruptedIOException {
        try {
            done.get();
        } catch (InterruptedException _) {
            throw new InterruptedIOException();
        } catch (ExecutionException e) {
            throw (DriverException) e.getCause();
        }
    }

    @Override
    public long capacity() {
        return capacity;
    }

    @Override
    public int blockSize() {
        return 512;
    }

    @Override
    public int physicalBlockSize() {
        return 512;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public boolean canDiscard() {
        return false;
    }

    @Override
    public void read(long offset, MemorySegment target) throws DriverException, InterruptedIOException {
        CompletionFuture done = new CompletionFuture();
        read(offset, target, done);
        await(done);
    }

    @Override
    public void read(long offset, MemorySegment target, Completion completion) {
        does("read", () -> target.copyFrom(MemorySegment.ofArray(content).asSlice(offset, target.byteSize())), completion);
    }

    @Override
    public void write(long offset, MemorySegment source) throws DriverException, InterruptedIOException {
        CompletionFuture done = new CompletionFuture();
        write(offset, source, done);
        await(done);
    }

    @Override
    public void write(long offset, MemorySegment source, Completion completion) {
        does("write", () -> {
            MemorySegment.ofArray(content).asSlice(offset, source.byteSize()).copyFrom(source);
            content[(int) offset] += (byte) (forgetful ? 1 : 0);
        }, completion);
    }

    @Override
    public void flush() throws DriverException, InterruptedIOException {
        CompletionFuture done = new CompletionFuture();
        flush(done);
        await(done);
    }

    @Override
    public void flush(Completion completion) {
        does("flush", () -> { }, completion);
    }

    @Override
    public void discard(long offset, long length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void discard(long offset, long length, Completion completion) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap, Completion completion) {
        throw new UnsupportedOperationException();
    }

    @Override
    public SeekableByteChannel channel() {
        throw new UnsupportedOperationException();
    }

    @Override
    public String device() {
        return "block0";
    }

    @Override
    public String bus() {
        return "mic0";
    }

    @Override
    public boolean isUp() {
        return up;
    }
}
