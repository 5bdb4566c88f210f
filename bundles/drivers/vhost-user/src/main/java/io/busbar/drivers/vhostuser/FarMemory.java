package io.busbar.drivers.vhostuser;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.CurrentThread;
import io.busbar.core.virtio.vhostuser.Payloads;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The driver's memory as the far process is told of it: an IOVA is its guest address. A user address, which rings are
 * given in, is that of no process; it is the IOVA moved by {@link #USER}, so that a far process that takes one for the
 * other is found out at once.
 */
final class FarMemory {

    /** Distance of a user address from its IOVA. */
    static final long USER = 1L << 44;

    /** The highest IOVA: user addresses stay inside 64 bits. */
    static final long LAST_IOVA = Long.MAX_VALUE;

    private static final ValueLayout.OfShort U16 = JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Offset of the index in an available or used ring (virtio 1.2, 2.7.6 and 2.7.8). */
    private static final int INDEX = 2;

    private FarMemory() {
    }

    /**
     * Checks that a far process can map a table.
     *
     * @throws VdpaException EINVAL for memory that is no file; ENOSPC for too many regions
     */
    static void check(DriverMemory memory, int slots) throws VdpaException {
        if (memory.regions().size() > slots) {
            throw new VdpaException(VdpaError.ENOSPC, memory.regions().size()
                    + " regions of memory: the far process takes up to " + slots);
        }
        for (MemoryRegion region : memory.regions()) {
            if (region.descriptor() < 0) {
                throw new VdpaException(VdpaError.EINVAL, "memory at 0x" + Long.toHexString(region.iova())
                        + " is no file: expected one that another process can map");
            }
        }
    }

    /** Whether two regions are the same piece of memory, mapped by the same mapping. */
    static boolean same(MemoryRegion one, MemoryRegion other) {
        return one.equals(other) && one.segment().scope().equals(other.segment().scope());
    }

    /** The payload of SET_MEM_TABLE. */
    static byte[] table(List<MemoryRegion> regions) {
        ByteBuffer table = payload(regions.size()).putInt(regions.size()).putInt(0);
        regions.forEach(region -> put(table, region));
        return table.array();
    }

    /** The payload of ADD_MEM_REG and REM_MEM_REG. */
    static byte[] single(MemoryRegion region) {
        ByteBuffer single = payload(1).putLong(0);
        put(single, region);
        return single.array();
    }

    private static ByteBuffer payload(int regions) {
        return ByteBuffer.allocate(Payloads.TABLE_HEADER_BYTES + Payloads.REGION_BYTES * regions)
                .order(ByteOrder.nativeOrder());
    }

    private static void put(ByteBuffer payload, MemoryRegion region) {
        payload.putLong(region.iova()).putLong(region.size()).putLong(region.iova() + USER).putLong(region.fileOffset());
    }

    /** Whether a range is inside one region. */
    static boolean contains(DriverMemory memory, long iova, long bytes) {
        return find(memory, iova, bytes).isPresent();
    }

    /**
     * Reads the index of an available or used ring.
     *
     * @param ring its IOVA
     * @return 0 to 65535; empty if that memory is not there (any more)
     */
    static OptionalInt index(DriverMemory memory, long ring) {
        Optional<MemorySegment> word = find(memory, ring + INDEX, Short.BYTES);
        if (word.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int index = Short.toUnsignedInt(word.get().get(U16, 0));
            // pairs with the far process's release of the index: what it published before is read after this
            VarHandle.acquireFence();
            // A fault is thrown some time after its access, else behind this.
            CurrentThread.throwPendingFault();
            return OptionalInt.of(index);
        } catch (IllegalStateException | InternalError gone) {
            return OptionalInt.empty(); // unmapped, or its file was cut short
        }
    }

    private static Optional<MemorySegment> find(DriverMemory memory, long iova, long bytes) {
        for (MemoryRegion region : memory.regions()) {
            long offset = iova - region.iova();
            if (Long.compareUnsigned(offset, region.size()) < 0 && bytes <= region.size() - offset) {
                return Optional.of(region.segment().asSlice(offset, bytes));
            }
        }
        return Optional.empty();
    }
}
