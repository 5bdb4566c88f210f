package io.busbar.drivers.sim;

import io.busbar.api.device.DeviceModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;

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

    /**
     * Goes on from what a device of another process has counted.
     *
     * @param counted what that had
     * @param here    what this one shows of a queue, which is nothing from now on
     */
    void goOn(Map<Integer, Map<String, Long>> counted, IntFunction<Map<String, Long>> here) {
        Map<Integer, Map<String, Long>> next = new LinkedHashMap<>();
        counted.forEach((queue, counters) -> {
            Map<String, Long> sum = new LinkedHashMap<>(queues.getOrDefault(queue, Map.of()));
            here.apply(queue).forEach((name, count) -> sum.merge(name, -count, Long::sum));
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
