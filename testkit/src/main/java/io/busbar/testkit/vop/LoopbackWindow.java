package io.busbar.testkit.vop;

import io.busbar.api.vop.LinkWindow;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The peer's memory, as one end sees it. */
final class LoopbackWindow implements LinkWindow {

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final LoopbackEnd owner;
    private final LoopbackMemory whole;
    private final MemorySegment memory;
    private final LoopbackMeter meter;

    LoopbackWindow(LoopbackEnd owner, LoopbackMemory whole, long address, long bytes, LoopbackMeter meter) {
        this.owner = owner;
        this.whole = whole;
        this.memory = whole.slice(address, bytes);
        this.meter = meter;
    }

    private boolean canRead(long bytes) {
        meter.nonPosted(1, bytes);
        return isThere();
    }

    private boolean canWrite(long bytes) {
        meter.posted(1, bytes);
        return isThere();
    }

    private boolean isThere() {
        if (whole.isTakenAway()) {
            throw new InternalError("the peer has taken this memory away");
        }
        return !owner.severed();
    }

    @Override
    public long size() {
        return memory.byteSize();
    }

    @Override
    public int getByte(long offset) {
        return canRead(Byte.BYTES) ? Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, offset)) : 0xff;
    }

    @Override
    public void putByte(long offset, int value) {
        if (canWrite(Byte.BYTES)) {
            memory.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
        }
    }

    @Override
    public int getShort(long offset) {
        return canRead(Short.BYTES) ? Short.toUnsignedInt(memory.get(SHORT, offset)) : 0xffff;
    }

    @Override
    public void putShort(long offset, int value) {
        if (canWrite(Short.BYTES)) {
            memory.set(SHORT, offset, (short) value);
        }
    }

    @Override
    public int getInt(long offset) {
        return canRead(Integer.BYTES) ? memory.get(INT, offset) : -1;
    }

    @Override
    public void putInt(long offset, int value) {
        if (canWrite(Integer.BYTES)) {
            memory.set(INT, offset, value);
        }
    }

    @Override
    public long getLong(long offset) {
        return canRead(Long.BYTES) ? memory.get(LONG, offset) : -1;
    }

    @Override
    public void putLong(long offset, long value) {
        if (canWrite(Long.BYTES)) {
            memory.set(LONG, offset, value);
        }
    }

    @Override
    public void copyTo(long offset, MemorySegment target, long targetOffset, long bytes) {
        if (canRead(bytes)) {
            MemorySegment.copy(memory, offset, target, targetOffset, bytes);
        } else {
            target.asSlice(targetOffset, bytes).fill((byte) 0xff);
        }
    }

    @Override
    public void copyFrom(long offset, MemorySegment source, long sourceOffset, long bytes) {
        if (canWrite(bytes)) {
            MemorySegment.copy(source, sourceOffset, memory, offset, bytes);
        }
    }

    @Override
    public MemorySegment segment() {
        return memory;
    }

    @Override
    public void close() {
        // The memory is its owner's.
    }
}
