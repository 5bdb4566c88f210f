package io.busbar.testkit;

import io.busbar.api.device.DeviceModelContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** The surroundings of a device model under test. */
public final class TestModelContext implements DeviceModelContext {

    private final Map<String, String> attributes = new HashMap<>();
    private final AtomicInteger configChanges = new AtomicInteger();
    private final Queue<Integer> wakes = new ConcurrentLinkedQueue<>();

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

    @Override
    public void wake(int queue) {
        wakes.add(queue);
    }

    /** Returns the queues that were to be woken since this was asked last, in that order. */
    public List<Integer> takeWakes() {
        List<Integer> taken = new ArrayList<>();
        for (Integer queue = wakes.poll(); queue != null; queue = wakes.poll()) {
            taken.add(queue);
        }
        return taken;
    }
}
