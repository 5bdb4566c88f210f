package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.DeviceModelContext;
import io.busbar.api.device.DeviceModelFactory;
import io.busbar.api.device.PullingDeviceModel;
import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.Health;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * Finds and makes the parts of one device, always from the same words.
 *
 * @param type          the device type
 * @param request       the device's name and words
 * @param services      what devices use
 * @param notifications told when the configuration changed
 */
record PartsOpener(SimClass type, AddRequest request, SimServices services, Notifications notifications) {

    /** Returns an opener for a device whose capacity was changed, so that its backend is opened again as it is now. */
    PartsOpener resized(long bytes) {
        Map<String, String> words = new LinkedHashMap<>(request.attributes());
        words.replace(DeviceWords.SIZE, Long.toString(bytes));
        return new PartsOpener(type, new AddRequest(request.name(), words), services, notifications);
    }

    Optional<DeviceModelFactory> findModel() {
        return services.factories().model(type.deviceId());
    }

    Optional<BackendFactory> findBackend(DeviceModelFactory model, DeviceWords words) {
        return services.factories().backend(model.backendType(), words.backend());
    }

    DeviceWords words(DeviceModelFactory model) throws VdpaException {
        return DeviceWords.split(
                request.attributes(), wordsOf(model), services.factories().backendNames(model.backendType()));
    }

    private static Set<String> wordsOf(DeviceModelFactory model) {
        return model.attributes().stream().map(AttributeInfo::name).collect(Collectors.toUnmodifiableSet());
    }

    /** Makes a model; the engine is told by {@code wake} which of its queues has something to do. */
    DeviceModel create(DeviceModelFactory model, DeviceWords words, IntConsumer wake) throws VdpaException {
        try {
            return model.create(new Context(request.name(), words.model(), notifications, wake));
        } catch (RuntimeException | LinkageError thrown) {
            throw new VdpaException(VdpaError.EIO, Reason.INTERNAL,
                    "the device model for " + type.type() + " cannot be made: " + thrown, thrown);
        }
    }

    /** Returns what a backend for a model is opened with. */
    static List<String> channels(DeviceModel model) {
        return model instanceof PullingDeviceModel pulling ? pulling.channels() : List.of();
    }

    /** Opens a backend for a device with the given channels. */
    OpenBackend open(
            DeviceModelFactory model,
            BackendFactory backend,
            DeviceWords words,
            List<String> channels,
            OpenBackend.Listener listener)
            throws VdpaException {
        return OpenBackend.open(
                request.name(), backend, words, wordsOf(model), channels, listener, this::revoke);
    }

    void reap(Backend opened) {
        services.reaper().close(request.name(), opened);
    }

    /** Closes what was opened for a device that cannot be made. */
    void revoke(Backend opened) {
        services.reaper().revoke(request.name(), opened);
    }

    Health noModel() {
        return new Health(Reason.NO_DEVICE_MODEL, "no device model for " + type.type() + " is there");
    }

    Health noBackend(DeviceModelFactory model, String name) {
        List<String> others = services.factories().backendNames(model.backendType());
        return new Health(Reason.NO_BACKEND, "backend " + name + " is not there"
                + (others.isEmpty() ? "" : ": expected " + DeviceWords.oneOf(others)));
    }

    private record Context(
            String deviceName, Map<String, String> attributes, Notifications notifications, IntConsumer toEngine)
            implements DeviceModelContext {

        @Override
        public void configChanged() {
            notifications.configChanged();
        }

        @Override
        public void wake(int queue) {
            toEngine.accept(queue);
        }
    }
}
