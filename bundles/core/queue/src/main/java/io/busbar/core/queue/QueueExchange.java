package io.busbar.core.queue;

import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.QueuePause;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * One exchange of what is behind the queues of a device. They come to rest, the thread of the one that does so last makes the
 * exchange, and has all go on: so no queue is held up until a control thread is given a processor.
 *
 * <p>Threads: made and waited for by a control thread; the rest happens on the workers.
 */
final class QueueExchange {

    private enum State {
        WAITING,
        MAKING,
        GIVEN_UP
    }

    private final Map<QueueWorker, List<ActiveQueue>> queues = new LinkedHashMap<>();
    private final AtomicInteger atWork;
    private final Action action;
    private final Supplier<DeviceModel> goesOn;
    private final PauseClock clock;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private final CompletableFuture<Void> made = new CompletableFuture<>();
    private final List<CompletableFuture<Void>> resumed = new ArrayList<>();

    /** What is done while nothing is in flight. */
    @FunctionalInterface
    interface Action {

        /**
         * Does it.
         *
         * @throws VdpaException if it is refused
         */
        void run() throws VdpaException;
    }

    /**
     * Makes one that has not begun.
     *
     * @param active the queues
     * @param action what is done
     * @param goesOn the model with which queues go on when it was done or refused; null if they do not
     */
    QueueExchange(List<ActiveQueue> active, Action action, Supplier<DeviceModel> goesOn) {
        this(active, action, goesOn, new PauseClock());
    }

    private QueueExchange(List<ActiveQueue> active, Action action, Supplier<DeviceModel> goesOn, PauseClock clock) {
        this.clock = clock;
        this.action = action;
        this.goesOn = goesOn;
        atWork = new AtomicInteger(active.size());
        for (ActiveQueue queue : active) {
            queues.computeIfAbsent(queue.worker(), worker -> new ArrayList<>()).add(queue);
            resumed.add(new CompletableFuture<>());
        }
    }

    /**
     * Has the queues come to rest. Where one thread owns all of them it goes on with its work for some time, if it has to, until
     * nothing is in flight, and it has just slept, so that it will not lose its processor in the middle of the exchange; with several
     * threads those at rest would wait for the others.
     *
     * @param patienceNanos how long that is waited for
     */
    void begin(long patienceNanos) {
        if (queues.isEmpty()) {
            state.set(State.MAKING);
            make();
            return;
        }
        long patient = System.nanoTime() + (queues.size() == 1 ? patienceNanos : 0);
        queues.forEach((worker, its) -> worker.execute(() -> rest(worker, its, patient)));
    }

    /** On the worker's thread, between two turns. */
    private void rest(QueueWorker worker, List<ActiveQueue> its, long patient) {
        if (state.get() != State.WAITING) {
            return;
        }
        if ((!worker.isFresh() || isInFlight(its)) && patient - System.nanoTime() > 0) {
            worker.executeAfterSleep(() -> rest(worker, its, patient), patient);
            return;
        }
        for (ActiveQueue queue : its) {
            clock.stopped(queue.inFlight());
            CompletableFuture<Void> atRest = new CompletableFuture<>();
            atRest.thenRun(this::isAtRest);
            queue.pause(atRest);
        }
    }

    private static boolean isInFlight(List<ActiveQueue> its) {
        for (ActiveQueue queue : its) {
            if (queue.inFlight() > 0) {
                return true;
            }
        }
        return false;
    }

    private void isAtRest() {
        if (atWork.decrementAndGet() == 0 && state.compareAndSet(State.WAITING, State.MAKING)) {
            make();
        }
    }

    private void make() {
        clock.quiet();
        Throwable refusal = null;
        try {
            action.run();
        } catch (Throwable thrown) {
            refusal = thrown;
        }
        clock.exchanged();
        try {
            resume();
        } finally {
            if (refusal == null) {
                made.complete(null);
            } else {
                made.completeExceptionally(refusal);
            }
        }
    }

    private void resume() {
        DeviceModel model = goesOn.get();
        int number = 0;
        for (Map.Entry<QueueWorker, List<ActiveQueue>> entry : queues.entrySet()) {
            for (ActiveQueue queue : entry.getValue()) {
                CompletableFuture<Void> done = resumed.get(number++);
                if (entry.getKey() == Thread.currentThread()) {
                    resume(queue, model, done);
                } else {
                    entry.getKey().execute(() -> resume(queue, model, done));
                }
            }
        }
    }

    private void resume(ActiveQueue queue, DeviceModel model, CompletableFuture<Void> done) {
        if (model != null) {
            queue.resumeOrBreak(model);
        }
        clock.resumed();
        done.complete(null);
    }

    /** Returns what is done when the exchange was made, or fails as it did. */
    CompletableFuture<Void> made() {
        return made;
    }

    /** Returns what is done when all queues have gone on after an exchange that was made or refused. */
    CompletableFuture<Void> resumed() {
        return CompletableFuture.allOf(resumed.toArray(CompletableFuture[]::new));
    }

    /** Gives up, unless the exchange is being made; who gives up has the queues go on. Returns whether it is given up. */
    boolean giveUp() {
        return state.compareAndSet(State.WAITING, State.GIVEN_UP);
    }

    /**
     * Makes the exchange that was given up for other queues, which take the place of those that do not come to rest; on the control
     * thread. Where it is refused they do not go on: who had the requests has them no more.
     *
     * @param successors the queues, which do not run
     */
    QueueExchange makeWith(List<ActiveQueue> successors) {
        boolean[] done = new boolean[1];
        Action noted = () -> {
            action.run();
            done[0] = true;
        };
        QueueExchange exchange = new QueueExchange(successors, noted, () -> done[0] ? goesOn.get() : null, clock);
        int chains = 0;
        for (ActiveQueue queue : successors) {
            chains += queue.fencedChains();
        }
        clock.takesFromBeginning(chains);
        exchange.state.set(State.MAKING);
        exchange.make();
        return exchange;
    }

    QueuePause pause() {
        return clock.pause();
    }
}
