package io.busbar.drivers.x100.link;

import io.busbar.api.vop.LinkWindow;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.linux.Mapping;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * The other side's memory, mapped for this side alone: when it is taken away the mapping is cut off, and whoever is in the middle
 * of it reaches nothing any more.
 */
final class Window implements LinkWindow {

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final LinkEnd user;
    private final SharedMemory memory;
    private final Mapping mapping;
    private final MemorySegment segment;
    private final Meter meter;

    Window(LinkEnd user, SharedMemory memory, Mapping mapping, Meter meter) {
        this.user = user;
        this.memory = memory;
        this.mapping = mapping;
        this.segment = mapping.segment();
        this.meter = meter;
    }

    void cutOff() {
        try {
            mapping.cutOff();
        } catch (LinuxException e) {
            // Without a descriptor or memory for that: what stays mapped must not stay reachable.
            throw new IllegalStateException(e);
        }
    }

    /** With the link it is as with a device that was pulled; from a peer that is there it is an error. */
    private void takenAway(InternalError access) {
        if (!user.lost()) {
            throw access;
        }
    }

    private boolean canRead(long offset, long bytes) {
        Objects.checkFromIndexSize(offset, bytes, segment.byteSize());
        meter.nonPosted(1, bytes);
        return !user.lost();
    }

    private boolean canWrite(long offset, long bytes) {
        Objects.checkFromIndexSize(offset, bytes, segment.byteSize());
        meter.posted(1, bytes);
        if (!memory.writable()) {
            user.peersFault();
            return false;
        }
        return !user.lost();
    }

    @Override
    public long size() {
        return segment.byteSize();
    }

    @Override
    public int getByte(long offset) {
        try {
            return canRead(offset, Byte.BYTES) ? Byte.toUnsignedInt(segment.get(BYTE, offset)) : 0xff;
        } catch (InternalError e) {
            takenAway(e);
            return 0xff;
        }
    }

    @Override
    public void putByte(long offset, int value) {
        try {
            if (canWrite(offset, Byte.BYTES)) {
                segment.set(BYTE, offset, (byte) value);
            }
        } catch (InternalError e) {
            takenAway(e);
        }
    }

    @Override
    public int getShort(long offset) {
        try {
            return canRead(offset, Short.BYTES) ? Short.toUnsignedInt(segment.get(SHORT, offset)) : 0xffff;
        } catch (InternalError e) {
            takenAway(e);
            return 0xffff;
        }
    }

    @Override
    public void putShort(long offset, int value) {
        try {
            if (canWrite(offset, Short.BYTES)) {
                segment.set(SHORT, offset, (short) value);
            }
        } catch (InternalError e) {
            takenAway(e);
        }
    }

    @Override
    public int getInt(long offset) {
        try {
            return canRead(offset, Integer.BYTES) ? segment.get(INT, offset) : -1;
        } catch (InternalError e) {
            takenAway(e);
            return -1;
        }
    }

    @Override
    public void putInt(long offset, int value) {
        try {
            if (canWrite(offset, Integer.BYTES)) {
                segment.set(INT, offset, value);
            }
        } catch (InternalError e) {
            takenAway(e);
        }
    }

    @Override
    public long getLong(long offset) {
        try {
            return canRead(offset, Long.BYTES) ? segment.get(LONG, offset) : -1;
        } catch (InternalError e) {
            takenAway(e);
            return -1;
        }
    }

    @Override
    public void putLong(long offset, long value) {
        try {
            if (canWrite(offset, Long.BYTES)) {
                segment.set(LONG, offset, value);
            }
        } catch (InternalError e) {
            takenAway(e);
        }
    }

    @Override
    public void copyTo(long offset, MemorySegment target, long targetOffset, long bytes) {
        Objects.checkFromIndexSize(targetOffset, bytes, target.byteSize());
        try {
            if (canRead(offset, bytes)) {
                MemorySegment.copy(segment, offset, target, targetOffset, bytes);
                return;
            }
        } catch (InternalError e) {
            takenAway(e);
        }
        target.asSlice(targetOffset, bytes).fill((byte) 0xff);
    }

    @Override
    public void copyFrom(long offset, MemorySegment source, long sourceOffset, long bytes) {
        Objects.checkFromIndexSize(sourceOffset, bytes, source.byteSize());
        try {
            if (canWrite(offset, bytes)) {
                MemorySegment.copy(source, sourceOffset, segment, offset, bytes);
            }
        } catch (InternalError e) {
            takenAway(e);
        }
    }

    @Override
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        memory.giveBack(this);
        mapping.close();
    }
}
