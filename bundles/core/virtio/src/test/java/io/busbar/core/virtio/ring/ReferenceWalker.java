package io.busbar.core.virtio.ring;

import static io.busbar.core.virtio.ring.HandRing.INDIRECT;
import static io.busbar.core.virtio.ring.HandRing.NEXT;
import static io.busbar.core.virtio.ring.HandRing.WRITE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What a chain is, worked out slowly: one byte of memory at a time, lists, and no idea of speed. Written from the
 * standard (virtio 1.2, 2.7.5) to be compared with the code under test.
 */
final class ReferenceWalker {

    /** What is expected of one head. */
    static final class Expected {
        int ringFault;
        int chainFault;
        long readable;
        long writable;
        long usedLimit;
        boolean lastReachable;
        final List<Long> readableBytesAt = new ArrayList<>();
        final List<Long> writableBytesAt = new ArrayList<>();
    }

    private final HandRing hand;
    private final int limit;
    private Expected expected;
    private boolean writing;
    private boolean readableHole;
    private boolean writableHole;

    ReferenceWalker(HandRing hand, int limit) {
        this.hand = hand;
        this.limit = limit;
    }

    Expected walk(int head) {
        expected = new Expected();
        writing = false;
        readableHole = false;
        writableHole = false;
        expected.ringFault = walkDirect(head);
        expected.readable = expected.readableBytesAt.size();
        expected.writable = expected.writableBytesAt.size();
        if (!writableHole) {
            expected.usedLimit = expected.writable;
        }
        return expected;
    }

    private int walkDirect(int head) {
        int index = head;
        for (int count = 0; count < hand.size; count++) {
            int flags = hand.descriptorFlags(index);
            long address = hand.descriptorAddress(index);
            long length = hand.descriptorLength(index);
            if ((flags & INDIRECT) != 0) {
                return walkTable(address, length, flags, count);
            }
            if ((flags & WRITE) == 0 && writing) {
                return RingFault.READABLE_AFTER_WRITABLE;
            }
            buffer(address, length, (flags & WRITE) != 0);
            if ((flags & NEXT) == 0) {
                return RingFault.NONE;
            }
            index = hand.descriptorNext(index);
            if (index >= hand.size) {
                return RingFault.NEXT_OUT_OF_RANGE;
            }
        }
        return RingFault.CHAIN_LOOP;
    }

    private int walkTable(long table, long bytes, int referring, int before) {
        if ((hand.features & HandRing.INDIRECT_DESC) == 0) {
            return RingFault.INDIRECT_NOT_NEGOTIATED;
        }
        if ((referring & NEXT) != 0) {
            return RingFault.INDIRECT_WITH_NEXT;
        }
        if (bytes == 0 || bytes % 16 != 0) {
            return RingFault.INDIRECT_BAD_LENGTH;
        }
        if (bytes / 16 > limit) {
            return RingFault.INDIRECT_TOO_LONG;
        }
        int most = (int) Math.min(bytes / 16, limit - before);
        if (most == 0) {
            return RingFault.CHAIN_TOO_LONG;
        }
        byte[] copy = new byte[(int) bytes];
        for (int i = 0; i < bytes; i++) {
            long host = Long.compareUnsigned(table + i, table) < 0 ? -1 : host(table + i, false);
            if (host < 0) {
                fault(RingFault.TABLE_OUTSIDE_MEMORY);
                readableHole = true;
                hole();
                return RingFault.NONE;
            }
            copy[i] = HandRing.ALL.get(ValueLayout.JAVA_BYTE, host);
        }
        HandRing entries = hand.withTable(MemorySegment.ofArray(copy));
        int index = 0;
        for (int count = 0; count < most; count++) {
            int flags = entries.descriptorFlags(index);
            if ((flags & INDIRECT) != 0) {
                return RingFault.INDIRECT_NESTED;
            }
            if ((flags & WRITE) == 0 && writing) {
                return RingFault.READABLE_AFTER_WRITABLE;
            }
            buffer(entries.descriptorAddress(index), entries.descriptorLength(index), (flags & WRITE) != 0);
            if ((flags & NEXT) == 0) {
                return RingFault.NONE;
            }
            index = entries.descriptorNext(index);
            if (index >= bytes / 16) {
                return RingFault.NEXT_OUT_OF_RANGE;
            }
        }
        return most < bytes / 16 ? RingFault.CHAIN_TOO_LONG : RingFault.CHAIN_LOOP;
    }

    private void buffer(long address, long length, boolean write) {
        writing |= write;
        if (length == 0) {
            return;
        }
        boolean wraps = Long.compareUnsigned(address + length - 1, address) < 0;
        for (long i = 0; i < length; i++) {
            long host = wraps ? -1 : host(address + i, write);
            if (host < 0) {
                fault(wraps ? RingFault.BUFFER_WRAPS
                        : host(address + i, false) < 0 ? RingFault.BUFFER_OUTSIDE_MEMORY
                        : RingFault.BUFFER_NOT_WRITABLE);
                if (write) {
                    hole();
                } else {
                    readableHole = true;
                }
                return;
            }
            if (write) {
                expected.writableBytesAt.add(host);
            } else if (!readableHole) {
                expected.readableBytesAt.add(host);
            }
        }
        if (write) {
            expected.lastReachable = true;
        }
    }

    private void hole() {
        if (!writableHole) {
            expected.usedLimit = expected.writableBytesAt.size();
        }
        writableHole = true;
        expected.lastReachable = false;
    }

    private void fault(int code) {
        if (expected.chainFault == RingFault.NONE) {
            expected.chainFault = code;
        }
    }

    private long host(long address, boolean write) {
        if (Long.compareUnsigned(address - HandRing.LOW, HandRing.REGION_BYTES) < 0) {
            return hand.low.address() + (address - HandRing.LOW);
        }
        if (Long.compareUnsigned(address - HandRing.HIGH, HandRing.REGION_BYTES) < 0) {
            return hand.high.address() + (address - HandRing.HIGH);
        }
        if (!write && Long.compareUnsigned(address - HandRing.READ_ONLY, HandRing.REGION_BYTES) < 0) {
            return hand.readOnly.address() + (address - HandRing.READ_ONLY);
        }
        return -1;
    }
}
