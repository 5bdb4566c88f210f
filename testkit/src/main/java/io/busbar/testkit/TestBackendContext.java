package io.busbar.testkit;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendState;
import io.busbar.api.backend.Settings;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** The surroundings of a backend under test. */
public final class TestBackendContext implements BackendContext {

    private final Settings settings;
    private final boolean readOnly;
    private final List<String> channels;
    private final Optional<BackendState> predecessor;
    private final Queue<Integer> readable = new ConcurrentLinkedQueue<>();
    private final Queue<Integer> writable = new ConcurrentLinkedQueue<>();
    private final AtomicInteger infoChanges = new AtomicInteger();
    private final AtomicReference<String> failure = new AtomicReference<>();

    private TestBackendContext(boolean readOnly, Settings settings, List<String> channels, Optional<BackendState> predecessor) {
        this.readOnly = readOnly;
        this.channels = channels;
        this.predecessor = predecessor;
        this.settings = settings;
    }

    /** Makes the surroundings of a writable device. */
    public static TestBackendContext of(String... namesAndValues) {
        return new TestBackendContext(false, TestSettings.of(namesAndValues), List.of(), Optional.empty());
    }

    /** Makes the surroundings of a read-only device. */
    public static TestBackendContext readOnly(String... namesAndValues) {
        return new TestBackendContext(true, TestSettings.of(namesAndValues), List.of(), Optional.empty());
    }

    /** Returns the same surroundings, of a device with the given channels. */
    public TestBackendContext withChannels(String... names) {
        return new TestBackendContext(readOnly, settings, List.of(names), predecessor);
    }

    /**
     * Returns the same surroundings, of a successor in another process.
     *
     * @param state what the predecessor has handed over; its descriptors are duplicated, as on their way between processes
     */
    public TestBackendContext succeeding(BackendState state) throws LinuxException {
        List<Integer> descriptors = new ArrayList<>();
        for (int descriptor : state.descriptors()) {
            descriptors.add(Fd.duplicateOf(descriptor).number());
        }
        return new TestBackendContext(readOnly, settings, channels,
                Optional.of(new BackendState(state.version(), state.content(), descriptors)));
    }

    /** Returns the channels that became readable since this was asked last, in that order. */
    public List<Integer> takeReadable() {
        return take(readable);
    }

    /** Returns the channels that became writable since this was asked last, in that order. */
    public List<Integer> takeWritable() {
        return take(writable);
    }

    private static List<Integer> take(Queue<Integer> told) {
        List<Integer> taken = new ArrayList<>();
        for (Integer channel = told.poll(); channel != null; channel = told.poll()) {
            taken.add(channel);
        }
        return taken;
    }

    /** Returns how often a change was announced. */
    public int infoChanges() {
        return infoChanges.get();
    }

    /** Returns what the backend said when it failed, or null if it works, again or still. */
    public String failure() {
        return failure.get();
    }

    @Override
    public String deviceName() {
        return "disk0";
    }

    @Override
    public Settings settings() {
        return settings;
    }

    @Override
    public Optional<BackendState> predecessor() {
        return predecessor;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void infoChanged() {
        infoChanges.incrementAndGet();
    }

    @Override
    public List<String> channels() {
        return channels;
    }

    @Override
    public void readable(int channel) {
        readable.add(channel);
    }

    @Override
    public void writable(int channel) {
        writable.add(channel);
    }

    @Override
    public void failed(String sentence) {
        failure.set(sentence);
    }

    @Override
    public void recovered() {
        failure.set(null);
    }
}
