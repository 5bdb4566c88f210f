package io.busbar.examples.zerodisk;

import io.busbar.api.device.QueueEngine;
import io.busbar.api.vdpa.*;
import io.busbar.core.virtio.VirtioIds;
import java.util.*;
import org.osgi.service.component.annotations.*;

/** The management device {@code zero_block}: it makes disks that are read-only and full of zeroes. */
@Component(service = VdpaManagementDevice.class)
@DriverType(type = "block", name = "zero_block")
public final class ZeroDisks implements VdpaManagementDevice {
    private final QueueEngine engine;

    @Activate
    public ZeroDisks(@Reference QueueEngine engine) {
        this.engine = engine;
    }

    @Override public String name() { return "zero_block"; }
    @Override public Set<Integer> supportedClasses() { return Set.of(VirtioIds.VIRTIO_ID_BLOCK); }
    @Override public long supportedFeatures() { return ZeroDisk.FEATURES | engine.ringFeatures(); }
    @Override public int maxSupportedVqs() { return 1; }
    @Override public List<AttributeInfo> attributes() {
        return List.of(new AttributeInfo("sectors", "N", "Size in sectors of 512 bytes, 1 and up; default 2048."));
    }

    @Override
    public VdpaParentDevice devAdd(AddRequest request) throws VdpaException {
        Map<String, String> words = new LinkedHashMap<>(request.attributes());
        String sectors = words.getOrDefault("sectors", "2048");
        words.remove("sectors");
        if (!words.isEmpty()) {
            throw new VdpaException(VdpaError.EINVAL, "unknown word " + words.keySet().iterator().next()
                    + ": zero_block knows sectors");
        }
        if (!sectors.matches("[1-9][0-9]{0,11}")) {
            throw new VdpaException(VdpaError.EINVAL, "sectors " + sectors + ": expected 1 to 999999999999");
        }
        return new ZeroDisk(request.name(), Long.parseLong(sectors), engine);
    }

    @Override
    public void devDel(VdpaParentDevice device) {
        ((ZeroDisk) device).close();
    }
}
