package io.busbar.busdrivers.virtio.console;

import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.life.Buffers;
import io.busbar.busdrivers.virtio.life.LiveDevice;
import io.busbar.busdrivers.virtio.life.Offer;
import io.busbar.busdrivers.virtio.life.Plan;
import io.busbar.busdrivers.virtio.life.QueuePlan;
import io.busbar.busdrivers.virtio.life.ReceiveBuffers;
import io.busbar.busdrivers.virtio.life.TransmitBuffers;
import io.busbar.core.virtio.console.ConsoleConfigLayout;
import io.busbar.core.virtio.console.VirtioConsole;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The queues of a console from one reset to the next (virtio 1.2, 5.3.2).
 *
 * @param ports   by the port's number
 * @param control control messages, or null without MULTIPORT
 */
record ConsoleQueues(List<Pair> ports, Pair control) {

    /** Bytes of each buffer of a port. */
    static final int PORT_BYTES = 4096;
    /** Bytes of a control message, with the longest name. */
    static final int CONTROL_BYTES = 256;

    private static final int QUEUE_SIZE = 32;
    private static final int QUEUES_WITH_CONTROL = 4;

    /**
     * Two queues.
     *
     * @param receive  to the driver
     * @param transmit from the driver
     */
    record Pair(ReceiveBuffers receive, TransmitBuffers transmit) {}

    /**
     * Returns how many ports a device may have.
     *
     * @throws VdpaException CONFIG_INVALID if it has too few queues for one
     */
    static int ports(Offer offer) throws VdpaException {
        boolean multiport = offer.has(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT);
        int needed = multiport ? QUEUES_WITH_CONTROL : 2;
        if (offer.queues() < needed) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID,
                    offer.device() + " has " + offer.queues() + " queues: expected " + needed + " and up for a console", null);
        }
        if (!multiport) {
            return 1;
        }
        long said = offer.config().u32(ConsoleConfigLayout.MAX_NR_PORTS);
        if (said == 0) {
            throw new VdpaException(VdpaError.EINVAL, Reason.CONFIG_INVALID,
                    offer.device() + " has 0 ports: expected 1 and up", null);
        }
        return (int) Math.min(said, offer.queues() / 2 - 1);
    }

    static Plan plan(Offer offer, int ports) {
        int size = queueSize(offer);
        boolean multiport = offer.has(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT);
        int queues = multiport ? 2 * (ports + 1) : 2;
        long bytes = 2L * ports * Buffers.bytes(size, PORT_BYTES) + (multiport ? 2 * Buffers.bytes(size, CONTROL_BYTES) : 0);
        return new Plan(IntStream.range(0, queues).mapToObj(index -> new QueuePlan(index, size)).toList(), bytes);
    }

    static ConsoleQueues start(LiveDevice live, int ports) {
        List<Pair> pairs = IntStream.range(0, ports)
                .mapToObj(port -> pair(live, VirtioConsole.receiveQueue(port), PORT_BYTES))
                .toList();
        boolean multiport = live.offer().has(VirtioConsole.VIRTIO_CONSOLE_F_MULTIPORT);
        return new ConsoleQueues(
                pairs, multiport ? pair(live, VirtioConsole.CONTROL_RECEIVE_QUEUE, CONTROL_BYTES) : null);
    }

    private static Pair pair(LiveDevice live, int receiveQueue, int bytes) {
        int size = queueSize(live.offer());
        ReceiveBuffers receive = new ReceiveBuffers(live.queue(receiveQueue), new Buffers(live.memory(), size, bytes));
        receive.fill();
        return new Pair(receive,
                new TransmitBuffers(live.queue(receiveQueue + 1), new Buffers(live.memory(), size, bytes)));
    }

    private static int queueSize(Offer offer) {
        return Math.min(QUEUE_SIZE, offer.maxQueueSize());
    }
}
