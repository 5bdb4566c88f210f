package io.busbar.drivers.sim;

import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;

/** Which translation of addresses a device shows. */
enum DmaKind {
    /** The device translates, by whole tables: {@link io.busbar.api.vdpa.OnChipIommu}. */
    DEVICE,
    /** The bus translates: {@link io.busbar.api.vdpa.PlatformDma}. */
    PLATFORM,
    /** The device translates, range by range: {@link io.busbar.api.vdpa.IncrementalIommu}. */
    INCREMENTAL;

    static DmaKind of(String word) throws VdpaException {
        return switch (word) {
            case "device" -> DEVICE;
            case "platform" -> PLATFORM;
            case "incremental" -> INCREMENTAL;
            default -> throw new VdpaException(
                    VdpaError.EINVAL, "dma " + word + ": expected device, platform or incremental");
        };
    }
}
