package io.busbar.busdrivers.virtio.net;

import io.busbar.busdrivers.virtio.life.Buffers;
import io.busbar.busdrivers.virtio.life.LiveDevice;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.busdrivers.virtio.life.Plan;
import io.busbar.busdrivers.virtio.life.QueuePlan;
import io.busbar.busdrivers.virtio.life.ReceiveBuffers;
import io.busbar.busdrivers.virtio.life.TransmitBuffers;
import io.busbar.core.virtio.net.NetHeaderLayout;
import java.util.List;

/**
 * The two queues of a card from one reset to the next (virtio 1.2, 5.1.2: 0 receives, 1 transmits). A frame and its header are
 * one buffer.
 *
 * @param receive  on the lane
 * @param transmit under the card's lock
 */
record CardQueues(ReceiveBuffers receive, TransmitBuffers transmit) {

    private static final int QUEUE_SIZE = 256;
    private static final int LEAST_BUFFERS = 16;
    /** Most memory for the buffers of a queue, but for the least number of them. */
    private static final int MOST_BYTES = 4 << 20;

    static Plan plan(Offer offer, int frameBytes) {
        int size = queueSize(offer);
        int count = buffers(size, frameBytes);
        return new Plan(List.of(new QueuePlan(0, size), new QueuePlan(1, size)),
                2 * Buffers.bytes(count, bytes(frameBytes)));
    }

    static CardQueues start(LiveDevice live, int frameBytes) {
        int count = buffers(queueSize(live.offer()), frameBytes);
        ReceiveBuffers receive = new ReceiveBuffers(live.queue(0), new Buffers(live.memory(), count, bytes(frameBytes)));
        TransmitBuffers transmit = new TransmitBuffers(live.queue(1), new Buffers(live.memory(), count, bytes(frameBytes)));
        receive.fill();
        return new CardQueues(receive, transmit);
    }

    private static int queueSize(Offer offer) {
        return Math.min(QUEUE_SIZE, offer.maxQueueSize());
    }

    private static int buffers(int queueSize, int frameBytes) {
        return Math.min(queueSize, Math.max(LEAST_BUFFERS, MOST_BYTES / bytes(frameBytes)));
    }

    private static int bytes(int frameBytes) {
        return NetHeaderLayout.BYTES + frameBytes;
    }
}
