package io.busbar.testkit;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.Settings;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** The surroundings of a backend under test. */
public final class TestBackendContext implements BackendContext {

    private final Settings settings;
    private final boolean readOnly;
    private final AtomicInteger infoChanges = new AtomicInteger();
    private final AtomicReference<String> failure = new AtomicReference<>();

    private TestBackendContext(boolean readOnly, Settings settings) {
        this.readOnly = readOnly;
        this.settings = settings;
    }

    /** Makes the surroundings of a writable device. */
    public static TestBackendContext of(String... namesAndValues) {
        return new TestBackendContext(false, TestSettings.of(namesAndValues));
    }

    /** Makes the surroundings of a read-only device. */
    public static TestBackendContext readOnly(String... namesAndValues) {
        return new TestBackendContext(true, TestSettings.of(namesAndValues));
    }

    /** Returns how often a change was announced. */
    public int infoChanges() {
        return infoChanges.get();
    }

    /** Returns what the backend said when it failed, or null. */
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
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void infoChanged() {
        infoChanges.incrementAndGet();
    }

    @Override
    public void failed(String sentence) {
        failure.set(sentence);
    }
}
