package io.busbar.core.queue;

import io.busbar.api.device.DataPath;
import io.busbar.api.device.DeviceModel;
import io.busbar.api.device.QueuePause;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One exchange of what is behind the queues of a device. They come to rest, the thread of the one that does so last makes the
 * exchange, and has all go on: so no queue is held up until a control thread is given a processor.
 *
 * <p>What is exchanged may not come back from that. Then the control thread <em>leaves</em> the exchange: nothing goes on, also when it
 * comes to its end after all.
 *
 * <p>Threads: made and waited for by a control thread; the rest happens on the workers.
 */
final class QueueExchange {

    private enum State {
        WAITING,
        MAKING,
        /** Made or refused. */
        DECIDED,
        GIVEN_UP,
        /** Nobody waits for it any more, so nothing goes on when it is made after all. */
        LEFT
    }

    /** What has become of it; the same for the exchange that takes the place of one that was given up. */
    private static final class Outcome {

        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
        private volatile Throwable refusal;
    }

    private final Map<QueueWorker, List<ActiveQueue>> queues = new LinkedHashMap<>();
    private final AtomicInteger atWork;
    private final DataPath.Exchange action;
    private final Consumer<DeviceModel> taken;
    private final Supplier<DeviceModel> goesOn;
    private final PauseClock clock;
    private final Outcome outcome;
    private final CompletableFuture<Void> made = new CompletableFuture<>();
    private final List<CompletableFuture<Void>> resumed = new ArrayList<>();

    /**
     * Makes one that has not begun.
     *
     * @param active the queues
     * @param action what is done while nothing is in flight
     * @param taken  told of the model that it returns, unless nobody waits for it any more
     * @param goesOn the model with which queues go on when it was done or refused; null if they do not
     */
    QueueExchange(
            List<ActiveQueue> active, DataPath.Exchange action, Consumer<DeviceModel> taken, Supplier<DeviceModel> goesOn) {
        this(active, action, taken, goesOn, new PauseClock(), new Outcome());
    }

    private QueueExchange(
            List<ActiveQueue> active,
            DataPath.Exchange action,
            Consumer<DeviceModel> taken,
            Supplier<DeviceModel> goesOn,
            PauseClock clock,
            Outcome outcome) {
        this.clock = clock;
        this.action = action;
        this.taken = taken;
        this.goesOn = goesOn;
        this.outcome = outcome;
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
            outcome.state.set(State.MAKING);
            make();
            return;
        }
        long patient = System.nanoTime() + (queues.size() == 1 ? patienceNanos : 0);
        queues.forEach((worker, its) -> worker.execute(() -> rest(worker, its, patient)));
    }

    /** On the worker's thread, between two turns. */
    private void rest(QueueWorker worker, List<ActiveQueue> its, long patient) {
        if (outcome.state.get() != State.WAITING) {
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
        if (atWork.decrementAndGet() == 0 && outcome.state.compareAndSet(State.WAITING, State.MAKING)) {
            make();
        }
    }

    private void make() {
        clock.quiet();
        DeviceModel next = null;
        try {
            next = action.run();
        } catch (Throwable thrown) {
            outcome.refusal = thrown;
        }
        if (!outcome.state.compareAndSet(State.MAKING, State.DECIDED)) {
            made.complete(null);
            return;
        }
        clock.exchanged();
        try {
            if (outcome.refusal == null) {
                taken.accept(next);
            }
            resume();
        } finally {
            made.complete(null);
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
        if (model != null && queue.worker() == Thread.currentThread()) {
            queue.resumeOrBreak(model);
        }
        clock.resumed();
        done.complete(null);
    }

    /** Returns what is done when the exchange was made or refused, or came to its end after it was left. */
    CompletableFuture<Void> made() {
        return made;
    }

    /** Returns what it, or the one that took its place, was refused with; null if it was not. */
    Throwable refusal() {
        return outcome.refusal;
    }

    /** Returns what is done when all queues have gone on after an exchange that was made or refused. */
    CompletableFuture<Void> resumed() {
        return CompletableFuture.allOf(resumed.toArray(CompletableFuture[]::new));
    }

    /** Gives up, unless the exchange is being made; who gives up has the queues go on. Returns whether it is given up. */
    boolean giveUp() {
        return outcome.state.compareAndSet(State.WAITING, State.GIVEN_UP);
    }

    /**
     * Waits no more for an exchange that is being made, or was given up and is to be made for other queues.
     *
     * @return whether it is left: nothing goes on when it comes to its end; else it was made or refused
     */
    boolean leave() {
        return outcome.state.compareAndSet(State.MAKING, State.LEFT) || outcome.state.compareAndSet(State.GIVEN_UP, State.LEFT);
    }

    /**
     * Returns the exchange that was given up for other queues, which take the place of those that do not come to rest. Where it is
     * refused they do not go on: who had the requests has them no more.
     *
     * @param successors the queues, which do not run
     */
    QueueExchange with(List<ActiveQueue> successors) {
        int chains = 0;
        for (ActiveQueue queue : successors) {
            chains += queue.fencedChains();
        }
        clock.takesFromBeginning(chains);
        return new QueueExchange(
                successors, action, taken, () -> outcome.refusal == null ? goesOn.get() : null, clock, outcome);
    }

    /** Makes one that is {@linkplain #with for other queues}, unless it was left; on any thread. */
    void makeInstead() {
        if (outcome.state.compareAndSet(State.GIVEN_UP, State.MAKING)) {
            make();
        } else {
            made.complete(null);
        }
    }

    QueuePause pause() {
        return clock.pause();
    }
}
