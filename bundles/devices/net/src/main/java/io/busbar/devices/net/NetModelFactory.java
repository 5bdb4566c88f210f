package io.busbar.devices.net;

import io.busbar.api.backend.BackendType;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.DeviceModelType;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioIds;
import java.util.List;

/** Makes virtio net devices. */
@DeviceModelType(type = "net", name = "net")
public final class NetModelFactory implements DeviceModelFactory {

    /** For the framework. */
    public NetModelFactory() {
    }

    @Override
    public int deviceId() {
        return VirtioIds.VIRTIO_ID_NET;
    }

    @Override
    public String backendType() {
        return BackendType.NET;
    }

    @Override
    public List<AttributeInfo> attributes() {
        return NetOptions.ATTRIBUTES;
    }

    @Override
    public DeviceModel create(DeviceModelContext context) throws VdpaException {
        return new NetModel(context, NetOptions.of(context.deviceName(), context.attributes()));
    }
}
