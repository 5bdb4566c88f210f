package io.busbar.tools.shell.fake;

import io.busbar.api.driver.BlockDriver;
import io.busbar.api.driver.Completion;
import io.busbar.api.driver.DriverException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SeekableByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A disk over an array, which does at once what it is asked for, with a completion. */
public final class FakeDisk implements BlockDriver {

    /** Its bytes. */
    public final byte[] bytes;
    /** What it was asked for: {@code read 0+512}. */
    public final List<String> calls = new ArrayList<>();
    /** What it says to the next operations, or null. */
    public DriverException failure;

    private final String name;

    /** A disk of so many bytes, in blocks of 512. */
    public FakeDisk(String name, int bytes) {
        this.name = name;
        this.bytes = new byte[bytes];
    }

    private void call(String what, long offset, long length, Completion completion, Runnable work) {
        if (offset % blockSize() != 0 || length % blockSize() != 0) {
            throw new IllegalArgumentException(name + ": " + what + " of " + length + " bytes at " + offset
                    + ": expected multiples of the block size, 512");
        }
        calls.add(what + " " + offset + "+" + length);
        if (failure == null) {
            work.run();
        }
        completion.ended(failure);
    }

    @Override
    public String device() {
        return name;
    }

    @Override
    public String bus() {
        return "host";
    }

    @Override
    public boolean isUp() {
        return true;
    }

    @Override
    public long capacity() {
        return bytes.length;
    }

    @Override
    public int blockSize() {
        return 512;
    }

    @Override
    public int physicalBlockSize() {
        return 4096;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public boolean canDiscard() {
        return true;
    }

    @Override
    public void read(long offset, MemorySegment target, Completion completion) {
        call("read", offset, target.byteSize(), completion,
                () -> MemorySegment.copy(MemorySegment.ofArray(bytes), offset, target, 0, target.byteSize()));
    }

    @Override
    public void write(long offset, MemorySegment source, Completion completion) {
        call("write", offset, source.byteSize(), completion,
                () -> MemorySegment.copy(source, 0, MemorySegment.ofArray(bytes), offset, source.byteSize()));
    }

    @Override
    public void flush(Completion completion) {
        call("flush", 0, 0, completion, () -> { });
    }

    @Override
    public void discard(long offset, long length, Completion completion) {
        call("discard", offset, length, completion, () -> { });
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap, Completion completion) {
        call("zero", offset, length, completion,
                () -> Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0));
    }

    @Override
    public void read(long offset, MemorySegment target) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public void write(long offset, MemorySegment source) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public void flush() {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public void discard(long offset, long length) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }

    @Override
    public SeekableByteChannel channel() {
        throw new UnsupportedOperationException("a command does not wait for ever");
    }
}
