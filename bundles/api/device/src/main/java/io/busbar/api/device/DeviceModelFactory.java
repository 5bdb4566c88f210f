package io.busbar.api.device;

import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaException;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Makes device models of one type. Found by {@link DeviceModelType}; an OSGi service. */
@ConsumerType
public interface DeviceModelFactory {

    /** Returns the virtio device id: 2 is block. */
    int deviceId();

    /** Returns the kind of backend that its models need, such as {@code block}. */
    String backendType();

    /** Returns the words that its models take when a device is added. */
    List<AttributeInfo> attributes();

    /**
     * Makes a model.
     *
     * @param context its surroundings
     * @return the model, with no backend yet
     * @throws VdpaException EINVAL for a word's value; the sentence names it and what was expected
     */
    DeviceModel create(DeviceModelContext context) throws VdpaException;
}
