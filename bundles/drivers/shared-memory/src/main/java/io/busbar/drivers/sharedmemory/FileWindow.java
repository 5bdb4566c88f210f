package io.busbar.drivers.sharedmemory;

import io.busbar.api.vop.LinkWindow;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/** Memory of the other process, mapped here. That may cut its file at any time: an access is an {@link InternalError} then. */
final class FileWindow implements LinkWindow {

    private static final int ALL_ONES = 0xff;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ProcessEnd user;
    private final FarFile file;
    private final Mapping mapping;
    private final MemorySegment memory;
    private final LinkCounts meter;

    FileWindow(ProcessEnd user, FarFile file, Mapping mapping, LinkCounts meter) {
        this.user = user;
        this.file = file;
        this.mapping = mapping;
        this.memory = mapping.segment();
        this.meter = meter;
    }

    void cutOff() {
        try {
            mapping.cutOff();
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns ones in all bits if there is no memory. */
    private long read(long offset, int bytes, ToLongFunction<MemorySegment> access) {
        Objects.checkFromIndexSize(offset, bytes, memory.byteSize());
        meter.nonPosted(1, bytes);
        if (user.lost()) {
            return -1;
        }
        try {
            return access.applyAsLong(memory);
        } catch (InternalError e) {
            takenAway(e);
            return -1;
        }
    }

    /** With the link it is as with a device that was pulled; from a process that is there it is an error. */
    private void takenAway(InternalError access) {
        if (!user.lost()) {
            throw access;
        }
    }

    private boolean canWrite(long offset, long bytes) {
        Objects.checkFromIndexSize(offset, bytes, memory.byteSize());
        meter.posted(1, bytes);
        if (!file.writable()) {
            user.peersFault();
            return false;
        }
        return !user.lost();
    }

    private void write(long offset, long bytes, Consumer<MemorySegment> access) {
        if (canWrite(offset, bytes)) {
            try {
                access.accept(memory);
            } catch (InternalError e) {
                takenAway(e);
            }
        }
    }

    @Override
    public long size() {
        return memory.byteSize();
    }

    @Override
    public int getByte(long offset) {
        return (int) read(offset, Byte.BYTES, from -> from.get(ValueLayout.JAVA_BYTE, offset)) & 0xff;
    }

    @Override
    public void putByte(long offset, int value) {
        write(offset, Byte.BYTES, to -> to.set(ValueLayout.JAVA_BYTE, offset, (byte) value));
    }

    @Override
    public int getShort(long offset) {
        return (int) read(offset, Short.BYTES, from -> from.get(SHORT, offset)) & 0xffff;
    }

    @Override
    public void putShort(long offset, int value) {
        write(offset, Short.BYTES, to -> to.set(SHORT, offset, (short) value));
    }

    @Override
    public int getInt(long offset) {
        return (int) read(offset, Integer.BYTES, from -> from.get(INT, offset));
    }

    @Override
    public void putInt(long offset, int value) {
        write(offset, Integer.BYTES, to -> to.set(INT, offset, value));
    }

    @Override
    public long getLong(long offset) {
        return read(offset, Long.BYTES, from -> from.get(LONG, offset));
    }

    @Override
    public void putLong(long offset, long value) {
        write(offset, Long.BYTES, to -> to.set(LONG, offset, value));
    }

    @Override
    public void copyTo(long offset, MemorySegment target, long targetOffset, long bytes) {
        Objects.checkFromIndexSize(offset, bytes, memory.byteSize());
        Objects.checkFromIndexSize(targetOffset, bytes, target.byteSize());
        meter.nonPosted(1, bytes);
        if (!user.lost()) {
            try {
                MemorySegment.copy(memory, offset, target, targetOffset, bytes);
                return;
            } catch (InternalError e) {
                takenAway(e);
            }
        }
        target.asSlice(targetOffset, bytes).fill((byte) ALL_ONES);
    }

    @Override
    public void copyFrom(long offset, MemorySegment source, long sourceOffset, long bytes) {
        // Data takes this way: without a lambda, which would be an object for each copy.
        Objects.checkFromIndexSize(sourceOffset, bytes, source.byteSize());
        if (canWrite(offset, bytes)) {
            try {
                MemorySegment.copy(source, sourceOffset, memory, offset, bytes);
            } catch (InternalError e) {
                takenAway(e);
            }
        }
    }

    @Override
    public MemorySegment segment() {
        return memory;
    }

    @Override
    public void close() {
        file.forget(this);
        mapping.close();
    }
}
