package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendFactory;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.Settings;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * An opened backend.
 *
 * @param factory who opened it
 * @param backend the backend
 * @param context what it knows of its surroundings
 * @param face    as the model has it: itself, or what stands before it for as long as it is open
 */
record OpenBackend(BackendFactory factory, Backend backend, Context context, Backend face) {

    /** Told what a backend says of itself, on any thread. */
    interface Listener {

        /** Its properties changed. */
        void infoChanged();

        /** Something waits to be received from a channel. */
        void readable(int channel);

        /** A channel has room again. */
        void writable(int channel);
    }

    /**
     * Opens a backend; one that leaves a word unasked is closed again.
     *
     * @param device     name of the device
     * @param factory    opens it
     * @param words      the device's words
     * @param modelWords the words that the model knows, for sentences
     * @param channels   the device's channels
     * @param before     what a backend of another process has handed over, if it takes its place
     * @param listener   told what it says
     * @param threads    by which it is opened
     * @param closer     closes one that cannot be used
     * @throws VdpaException what it says, or EINVAL for a word that nobody knows
     */
    static OpenBackend open(
            String device,
            BackendFactory factory,
            DeviceWords words,
            Set<String> modelWords,
            List<String> channels,
            Optional<BackendState> before,
            Listener listener,
            BackendThreads threads,
            Consumer<Backend> closer)
            throws VdpaException {
        BackendSettings settings = new BackendSettings(factory.name(), factory.settings(), words.settings(), words.model());
        Context context = new Context(device, settings, words.readOnly(), channels, before, listener);
        try {
            Backend backend = threads.opening(() -> factory.open(context));
            Set<String> unknown = settings.unasked();
            if (!unknown.isEmpty()) {
                closer.accept(backend);
                throw words.unknown(unknown, modelWords, settings.asked());
            }
            return new OpenBackend(factory, backend, context, backend);
        } catch (BackendException refused) {
            throw BackendErrors.of(refused);
        } catch (RuntimeException | LinkageError thrown) {
            throw new VdpaException(VdpaError.EIO, Reason.BACKEND_FAILED,
                    "backend " + factory.name() + " cannot be opened: " + thrown, thrown);
        }
    }

    /** Returns the same disk, which a driver cannot write, as it was told of the one before. */
    OpenBackend readOnly(BlockInfo told) {
        return new OpenBackend(factory, backend, context, backend instanceof BlockBackend disk ? new ReadOnlyDisk(disk, told) : backend);
    }

    /** What the backend knows; one per opening, so that a late word of a backend that was closed changes nothing. */
    static final class Context implements BackendContext {

        private final String device;
        private final BackendSettings settings;
        private final boolean readOnly;
        private final List<String> channels;
        private final Optional<BackendState> predecessor;
        private final Listener listener;
        private volatile String failure = "";
        private volatile boolean closed;

        private Context(
                String device,
                BackendSettings settings,
                boolean readOnly,
                List<String> channels,
                Optional<BackendState> predecessor,
                Listener listener) {
            this.device = device;
            this.settings = settings;
            this.readOnly = readOnly;
            this.channels = List.copyOf(channels);
            this.predecessor = predecessor;
            this.listener = listener;
        }

        @Override
        public String deviceName() {
            return device;
        }

        @Override
        public Settings settings() {
            return settings;
        }

        @Override
        public boolean readOnly() {
            return readOnly;
        }

        @Override
        public Optional<BackendState> predecessor() {
            return predecessor;
        }

        @Override
        public List<String> channels() {
            return channels;
        }

        @Override
        public void readable(int channel) {
            Objects.checkIndex(channel, channels.size());
            if (!closed) {
                listener.readable(channel);
            }
        }

        @Override
        public void writable(int channel) {
            Objects.checkIndex(channel, channels.size());
            if (!closed) {
                listener.writable(channel);
            }
        }

        @Override
        public void infoChanged() {
            if (!closed) {
                listener.infoChanged();
            }
        }

        @Override
        public void failed(String sentence) {
            failure = sentence;
        }

        @Override
        public void recovered() {
            failure = "";
        }

        /** Returns what the backend died of; empty while it lives. */
        String failure() {
            return failure;
        }

        /** Nobody listens to the backend any more. */
        void close() {
            closed = true;
        }
    }
}
