package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BackendState;
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
 * @param misbehaviour  told what backends do that they should not
 */
record PartsOpener(
        SimClass type,
        AddRequest request,
        SimServices services,
        Notifications notifications,
        Misbehaviour misbehaviour) {

    /** Returns an opener for a device whose capacity was changed, so that its backend is opened again as it is now. */
    PartsOpener resized(long bytes) {
        Map<String, String> words = new LinkedHashMap<>(request.attributes());
        words.replace(DeviceWords.SIZE, Long.toString(bytes));
        return new PartsOpener(type, new AddRequest(request.name(), words), services, notifications, misbehaviour);
    }

    /**
     * Returns an opener for the same device with another backend, or with the same one and other words.
     *
     * @param model   the device model, whose words stay
     * @param backend name of the backend
     * @param words   the backend's words; empty, for the same backend, for those of now
     * @throws VdpaException EINVAL for a word that is not the backend's
     */
    PartsOpener swapped(DeviceModelFactory model, String backend, Map<String, String> words) throws VdpaException {
        DeviceWords now = words(model);
        Map<String, String> attributes = new LinkedHashMap<>(request.attributes());
        if (!words.isEmpty() || !backend.equals(now.backend())) {
            attributes.keySet().removeAll(now.settings().keySet());
        }
        attributes.put(DeviceWords.BACKEND, backend);
        for (Map.Entry<String, String> word : words.entrySet()) {
            if (DeviceWords.isOfDevice(word.getKey()) || wordsOf(model).contains(word.getKey())) {
                throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID, "word " + word.getKey()
                        + " is the device's, which stays as it is: expected words of backend " + backend, null);
            }
            attributes.put(word.getKey(), word.getValue());
        }
        return new PartsOpener(type, new AddRequest(request.name(), attributes), services, notifications, misbehaviour);
    }

    /** Returns an opener for models of the same device that nobody hears. */
    PartsOpener unheard() {
        return new PartsOpener(
                type, request, services, new Notifications(request.name(), services.callbacks()), new Misbehaviour());
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
        return open(model, backend, words, channels, Optional.empty(), listener);
    }

    /** The same, in the place of one of another process. */
    OpenBackend open(
            DeviceModelFactory model,
            BackendFactory backend,
            DeviceWords words,
            List<String> channels,
            Optional<BackendState> before,
            OpenBackend.Listener listener)
            throws VdpaException {
        return OpenBackend.open(request.name(), backend, words, wordsOf(model), channels, before, listener,
                services.reaper().threads(), this::revoke);
    }

    void reap(Backend opened) {
        services.reaper().close(request.name(), opened, misbehaviour);
    }

    /** Closes what was opened for a device that cannot be made. */
    void revoke(Backend opened) {
        services.reaper().revoke(request.name(), opened, misbehaviour);
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
