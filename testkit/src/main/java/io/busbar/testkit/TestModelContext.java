package io.busbar.testkit;

import io.busbar.api.device.DeviceModelContext;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** The surroundings of a device model under test. */
public final class TestModelContext implements DeviceModelContext {

    private final Map<String, String> attributes = new HashMap<>();
    private final AtomicInteger configChanges = new AtomicInteger();

    private TestModelContext() {
    }

    /** Makes the surroundings of a device with the given words: names and values in turn. */
    public static TestModelContext of(String... namesAndValues) {
        TestModelContext context = new TestModelContext();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            context.attributes.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return context;
    }

    /** Returns how often a change of the configuration was announced. */
    public int configChanges() {
        return configChanges.get();
    }

    @Override
    public String deviceName() {
        return "disk0";
    }

    @Override
    public Map<String, String> attributes() {
        return attributes;
    }

    @Override
    public void configChanged() {
        configChanges.incrementAndGet();
    }
}
