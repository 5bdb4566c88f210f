package io.busbar.api.device;

import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** What a device model knows of its surroundings. Safe for any thread. */
@ProviderType
public interface DeviceModelContext {

    /** Returns the name of the device, such as {@code disk0}. */
    String deviceName();

    /** Returns the words that were given and are the model's: those of {@link DeviceModelFactory#attributes()}. */
    Map<String, String> attributes();

    /** Says that the configuration changed: the generation grows, the driver is told. Any thread; returns at once. */
    void configChanged();

    /**
     * Asks for a call of {@link PullingDeviceModel#service}. Any thread, wait-free; calls that come before the queue's thread
     * has seen one are one. Without effect while the queue does not run: it is served when it starts.
     *
     * @param queue a queue that is pulled
     */
    void wake(int queue);
}
