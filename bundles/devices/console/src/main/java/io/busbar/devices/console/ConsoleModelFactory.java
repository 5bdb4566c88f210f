package io.busbar.devices.console;

import io.busbar.api.backend.BackendType;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.DeviceModelType;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.virtio.VirtioIds;
import java.util.List;

/** Makes virtio console devices. */
@DeviceModelType(type = "console", name = "console")
public final class ConsoleModelFactory implements DeviceModelFactory {

    /** For the framework. */
    public ConsoleModelFactory() {
    }

    @Override
    public int deviceId() {
        return VirtioIds.VIRTIO_ID_CONSOLE;
    }

    @Override
    public String backendType() {
        return BackendType.CONSOLE;
    }

    @Override
    public List<AttributeInfo> attributes() {
        return ConsoleOptions.ATTRIBUTES;
    }

    @Override
    public DeviceModel create(DeviceModelContext context) throws VdpaException {
        return new ConsoleModel(context, ConsoleOptions.of(context.attributes()));
    }
}
