package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModel;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the models counted that a device had before: counters go on when a model is replaced, or the process. Any thread. */
final class PastStatistics {

    private volatile Map<Integer, Map<String, Long>> queues = Map.of();

    /** Returns a queue's counters: those of the model, if one is there, and of all before it. */
    Map<String, Long> with(DeviceModel model, int queue) {
        Map<String, Long> sum = new LinkedHashMap<>(queues.getOrDefault(queue, Map.of()));
        if (model != null) {
            model.statistics(queue).forEach((name, count) -> sum.merge(name, count, Long::sum));
        }
        return sum;
    }

    /** Adds what a device of another process has counted. */
    void add(Map<Integer, Map<String, Long>> counted) {
        Map<Integer, Map<String, Long>> next = new LinkedHashMap<>();
        counted.forEach((queue, counters) -> {
            Map<String, Long> sum = new LinkedHashMap<>(queues.getOrDefault(queue, Map.of()));
            counters.forEach((name, count) -> sum.merge(name, count, Long::sum));
            next.put(queue, sum);
        });
        queues = next;
    }

    /** The model goes: what it counted stays. */
    void keep(DeviceModel model, int vqCount) {
        Map<Integer, Map<String, Long>> next = new LinkedHashMap<>();
        for (int queue = 0; queue < vqCount; queue++) {
            next.put(queue, with(model, queue));
        }
        queues = next;
    }
}
