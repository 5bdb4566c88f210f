package io.busbar.drivers.vhostuser;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.vdpa.VdpaException;
import io.busbar.core.linux.EventFd;
import io.busbar.core.linux.Fd;
import io.busbar.core.linux.LinuxException;
import io.busbar.core.virtio.VirtioConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/**
 * What the driver set up: memory, queues, the record of requests in flight. Kept while no far process is there, and told
 * to each one that comes. Under the device's lock.
 */
final class FarRings implements AutoCloseable {

    private static final int INDEX_MASK = 0xffff;

    private final String name;
    private final int mostEntries;
    private final FarQueue[] queues;
    private final EventThread events;
    private final Runnable[] errorWatches;
    private final Runnable[] callWatches;
    /** Waits for calls to drivers that have no descriptor for them; null until one needs it. */
    private EventThread calls;
    private DriverMemory memory = DriverMemory.EMPTY;
    private long features;
    private FarRecord record;

    /**
     * Makes the queues.
     *
     * @param name        of the device
     * @param count       how many
     * @param mostEntries largest size of a queue
     * @param events      waits for errors
     * @param broken      told which queue the far process gave up, on the thread of the events
     */
    FarRings(String name, int count, int mostEntries, EventThread events, IntConsumer broken) {
        this.name = name;
        this.mostEntries = mostEntries;
        this.events = events;
        this.queues = new FarQueue[count];
        Arrays.setAll(queues, index -> new FarQueue(index, mostEntries));
        this.errorWatches = new Runnable[count];
        Arrays.setAll(errorWatches, index -> () -> failed(index, broken));
        this.callWatches = new Runnable[count];
        Arrays.setAll(callWatches, index -> () -> called(queues[index]));
    }

    private void failed(int index, IntConsumer broken) {
        EventFd.drain(queues[index].error().number());
        broken.accept(index);
    }

    private static void called(FarQueue queue) {
        EventFd.drain(queue.callEvent().number());
        queue.called();
    }

    FarQueue queue(int index) {
        return queues[index];
    }

    int mostEntries() {
        return mostEntries;
    }

    DriverMemory memory() {
        return memory;
    }

    void memory(DriverMemory next) {
        memory = next;
    }

    // Start

    /**
     * Tells everything to a far process, and starts the queues that the driver started.
     *
     * @param accepted features that the driver accepted
     * @throws VdpaException if a queue is not where memory is
     */
    void startAll(FarSession session, long accepted) throws FarException, LinuxException, VdpaException {
        features = accepted;
        for (FarQueue queue : queues) {
            if (queue.ready) {
                queue.checkPlace(memory, features);
            }
        }
        session.setFeatures(features);
        giveRecord(session);
        session.setMemory(memory);
        for (FarQueue queue : queues) {
            if (queue.ready) {
                start(session, queue);
            }
        }
    }

    /** Starts one more queue. */
    void start(FarSession session, FarQueue queue) throws FarException, LinuxException {
        if (queue.error() == null) {
            events.watch(queue.makeError(), errorWatches[queue.index()]);
        }
        prepareCalls(queue);
        session.start(queue);
        queue.kick(); // buffers from before are looked at, whoever kicked for them
    }

    /** Makes what it takes that calls come here, if nobody else takes them. */
    void prepareCalls(FarQueue queue) throws LinuxException {
        if (queue.callDescriptor() != null || !queue.hasCallback() || queue.callEvent() != null) {
            return;
        }
        if (calls == null) {
            calls = EventThread.start("busbar-" + name + "-calls", () -> -1);
        }
        calls.watch(queue.makeCallEvent(), callWatches[queue.index()]);
    }

    // Stop

    /** Stops a queue that runs. */
    void stop(FarSession session, FarQueue queue) throws FarException {
        queue.base = session.stop(queue);
        queue.running = false;
        queue.draining = true;
    }

    /** Whether nothing that a stopped queue took is in flight: what was taken was used, or its memory is gone. */
    boolean drained(FarQueue queue) {
        OptionalInt used = queue.usedIndex(memory);
        return used.isEmpty() || used.getAsInt() == queue.base;
    }

    boolean anyInUse() {
        return Arrays.stream(queues).anyMatch(queue -> queue.running || queue.draining);
    }

    /**
     * The far process is gone: queues go on, with the next one, from where the used ring says.
     *
     * @return why they cannot: requests that it took and that nobody knows of any more; empty if they can
     */
    Optional<String> farLeft() {
        List<String> lost = new ArrayList<>();
        for (FarQueue queue : queues) {
            if (queue.running) {
                queue.running = false;
                goOnFromUsed(queue).ifPresent(lost::add);
            }
            queue.draining = false;
        }
        return lost.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", lost));
    }

    private Optional<String> goOnFromUsed(FarQueue queue) {
        OptionalInt used = queue.usedIndex(memory);
        OptionalInt available = queue.availableIndex(memory);
        if (used.isEmpty() || available.isEmpty()) {
            return Optional.of("the ring of queue " + queue.index() + " is not there any more");
        }
        queue.base = used.getAsInt();
        int open = available.getAsInt() - used.getAsInt() & INDEX_MASK;
        boolean known = open == 0
                || VirtioConfig.has(features, VirtioConfig.VIRTIO_F_IN_ORDER)
                || record != null && record.covers(queue.index(), queue.num);
        return known
                ? Optional.empty()
                : Optional.of("queue " + queue.index() + " had " + open
                        + " requests in flight when the far process left, which keeps no record of them");
    }

    /** Tells the driver to look at each queue that runs: calls may have been lost with a far process. */
    void callAll() {
        for (FarQueue queue : queues) {
            if (queue.running) {
                queue.callOnce();
            }
        }
    }

    // The record of requests in flight

    /** Uses a record of the driver's, or none of it. */
    void record(FarRecord next) {
        dropRecord();
        record = next;
    }

    private void giveRecord(FarSession session) throws FarException {
        if (!session.offer().inflight()) {
            return;
        }
        if (record == null) {
            int entries = Arrays.stream(queues).filter(q -> q.ready).mapToInt(q -> q.num).max().orElse(0);
            if (entries == 0) {
                return;
            }
            record = session.makeRecord(queues.length, entries);
        }
        session.useRecord(record);
    }

    private void dropRecord() {
        if (record != null) {
            record.close();
            record = null;
        }
    }

    // The end

    /** Forgets what the driver set up, but for memory. No queue runs. */
    void reset() {
        for (FarQueue queue : queues) {
            queue.forget(mostEntries);
        }
        features = 0;
        dropRecord();
    }

    /** No far process is there any more. */
    @Override
    public void close() {
        for (FarQueue queue : queues) {
            forget(events, queue.error(), errorWatches[queue.index()]);
            forget(calls, queue.callEvent(), callWatches[queue.index()]);
        }
        if (calls != null) {
            calls.close();
        }
        for (FarQueue queue : queues) {
            queue.close();
        }
        dropRecord();
    }

    private static void forget(EventThread thread, Fd fd, Runnable watch) {
        if (thread != null && fd != null) {
            thread.forget(fd, watch);
        }
    }
}
