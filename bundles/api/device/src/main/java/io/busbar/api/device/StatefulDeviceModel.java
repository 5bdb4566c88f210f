package io.busbar.api.device;

import io.busbar.api.vdpa.VdpaException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A device model whose driver settles things with it that are neither features nor configuration, or that keeps what was sent
 * and has not arrived yet. Another model of the type, of another version or in another process, goes on from there, and the
 * driver notices nothing.
 */
@ConsumerType
public interface StatefulDeviceModel extends DeviceModel {

    /**
     * Returns all that a successor needs beside features, link and the driver's writes to the configuration. No queue is served,
     * no chain in flight. The model stays as it is, and may go on after this.
     */
    ModelState saveState();

    /**
     * Goes on from where another model was. After {@link #attach} and {@link #setDriverFeatures}, before any queue is served.
     *
     * @param state what the other model handed over
     * @throws VdpaException EINVAL for a format or version that is not known, or content that makes no sense; the sentence
     *                       names it and what was expected. The model is of no use then
     */
    void restoreState(ModelState state) throws VdpaException;
}
