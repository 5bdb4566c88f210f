package io.busbar.core.virtio.ring;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Where a split virtqueue is in this process. The caller has checked that each part lies whole in mapped memory.
 *
 * @param all             an unbounded segment that begins at address 0, so that an offset in it is an address
 * @param descriptorTable host address, aligned to 16
 * @param driverArea      host address of the available ring, aligned to 2
 * @param deviceArea      host address of the used ring, aligned to 4
 */
public record RingAddresses(MemorySegment all, long descriptorTable, long driverArea, long deviceArea) {

    /**
     * Checks the addresses.
     *
     * @throws IllegalArgumentException if one is 0, misaligned or above user space, or if the segment does not begin
     *                                  at address 0
     */
    public RingAddresses {
        Objects.requireNonNull(all, "all");
        if (all.address() != 0) {
            throw new IllegalArgumentException("segment at 0x" + Long.toHexString(all.address())
                    + ": expected one that begins at address 0");
        }
        check("descriptor table", descriptorTable, SplitLayout.DESCRIPTOR_TABLE_ALIGN);
        check("driver area", driverArea, SplitLayout.DRIVER_AREA_ALIGN);
        check("device area", deviceArea, SplitLayout.DEVICE_AREA_ALIGN);
    }

    private static void check(String part, long address, int align) {
        if (address <= 0 || address >= Regions.HOST_END || address % align != 0) {
            throw new IllegalArgumentException(part + " at 0x" + Long.toHexString(address)
                    + ": expected a multiple of " + align + " above 0 and below 0x" + Long.toHexString(Regions.HOST_END));
        }
    }
}
