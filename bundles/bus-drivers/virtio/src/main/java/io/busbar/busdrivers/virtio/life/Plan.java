package io.busbar.busdrivers.virtio.life;

import java.util.List;

/**
 * What a driver needs of a device.
 *
 * @param queues      the queues, in the order in which {@link LiveDevice#queue} numbers them
 * @param bufferBytes memory for buffers, with what their alignment costs
 */
public record Plan(List<QueuePlan> queues, long bufferBytes) {

    /** Copies the list. */
    public Plan {
        queues = List.copyOf(queues);
    }
}
