package io.busbar.devices.block;

import io.busbar.api.backend.BackendType;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.DeviceModelType;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioIds;
import java.util.List;

/** Makes virtio block devices. */
@DeviceModelType(type = "block", name = "block")
public final class BlockModelFactory implements DeviceModelFactory {

    /** For the framework. */
    public BlockModelFactory() {
    }

    @Override
    public int deviceId() {
        return VirtioIds.VIRTIO_ID_BLOCK;
    }

    @Override
    public String backendType() {
        return BackendType.BLOCK;
    }

    @Override
    public List<AttributeInfo> attributes() {
        return BlockOptions.ATTRIBUTES;
    }

    @Override
    public DeviceModel create(DeviceModelContext context) throws VdpaException {
        return new BlockModel(context, BlockOptions.of(context.deviceName(), context.attributes()));
    }
}
