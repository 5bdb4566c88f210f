package io.busbar.core.queue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Takes what is in flight out of the hands of a backend that does not end it. From then on a verb of its payloads throws in the
 * thread that calls it, and a completion is dropped and counted; so the chains may be given to somebody else.
 *
 * <p>It cannot be had while a thread is at work on a chain, such as in a system call that has the driver's memory as its target: that
 * would go on. This is found out before anything is done, so that it leaves all as it was.
 *
 * <p>A worker that does not come back from the backend is left to it: it sees so as soon as it is back, and ends. Until then its
 * stack is proof that it is not at work on a chain: looking at it stops the thread for a moment, so that it has seen what was written
 * before, and each verb looks at that first.
 *
 * <p>For the control thread, once.
 */
final class Fence {

    /** All ways from a model to the memory and the ring of its chains lead through these. */
    private static final Set<String> WAYS = Stream.of(
                    SlotChain.class, RingChain.class, ChainPayload.class, PushedQueue.class, PulledQueue.class, ActiveQueue.class,
                    QueueWorker.class)
            .map(Class::getName)
            .collect(Collectors.toUnmodifiableSet());
    private static final String CALLER = PushedQueue.class.getName();
    private static final String CALL = "process";
    private static final String PULLING_CALLER = PulledQueue.class.getName();
    private static final String PULLING_CALL = "serve";
    private static final long RESPONSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    private final Map<QueueWorker, List<ActiveQueue>> queues = new LinkedHashMap<>();
    /** In which call of a model each worker was when this was made. */
    private final Map<QueueWorker, Integer> calls = new LinkedHashMap<>();
    private final Set<QueueWorker> abandoned = new LinkedHashSet<>();
    /** Written by a worker before the control thread is told that it has fenced its queues. */
    private boolean goesOn;

    /** Makes one, before what is in flight is waited for. */
    Fence(List<ActiveQueue> active) {
        active.forEach(queue -> queues.computeIfAbsent(queue.worker(), worker -> new ArrayList<>()).add(queue));
        queues.keySet().forEach(worker -> calls.put(worker, worker.modelCalls()));
    }

    /** Returns what is in the way, as a sentence; empty if nothing is. Changes nothing; what ends soon is waited for. */
    String obstacle() {
        long end = System.nanoTime() + RESPONSE_NANOS;
        String obstacle = obstacleNow();
        while (!obstacle.isEmpty() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(LOOK_NANOS);
            obstacle = obstacleNow();
        }
        return obstacle;
    }

    /** Returns what is in the way at this moment; empty if nothing is. */
    String obstacleNow() {
        for (Map.Entry<QueueWorker, List<ActiveQueue>> entry : queues.entrySet()) {
            QueueWorker worker = entry.getKey();
            boolean pulls = entry.getValue().stream().anyMatch(queue -> !(queue instanceof PushedQueue));
            if (worker.isInModel() && (pulls || !isElsewhere(worker))) {
                return "thread " + worker.getName() + " is inside the backend, and cannot be kept from the driver's memory";
            }
            for (ActiveQueue queue : entry.getValue()) {
                int atWork = queue instanceof PushedQueue pushed ? pushed.chainsAtWork() : 0;
                if (atWork > 0) {
                    return atWork + " requests of queue " + queue.index()
                            + " are in system calls, or waiting for their turn, that have the driver's memory as their target";
                }
            }
        }
        return "";
    }

    /**
     * Does it; the queues take nothing more.
     *
     * @param whenRaised    done by the thread that owns all queues, if there is one and nobody else is at work, so that no other one has
     *                      to be waited for; throws nothing, never waits, and returns whether the same thread goes on with the next
     * @param then          done by that thread after this; is not waited for
     * @param patienceNanos how long verbs that have begun meanwhile may take to end; where they take longer it is not
     *                      {@linkplain #isRaised raised} yet, and nothing may go on until it is
     * @return whether a thread has gone on with what is to be done then
     */
    boolean raise(BooleanSupplier whenRaised, Runnable then, long patienceNanos) throws InterruptedException {
        long end = System.nanoTime() + patienceNanos;
        for (Map.Entry<QueueWorker, List<ActiveQueue>> entry : queues.entrySet()) {
            QueueWorker worker = entry.getKey();
            List<ActiveQueue> its = entry.getValue();
            if (!fenceOn(worker, its, whenRaised, then, responseNanos(worker, patienceNanos))) {
                worker.abandon();
                abandoned.add(worker);
            }
        }
        while (!isRaised() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return goesOn;
    }

    /** One that was in the same call of a model all the time, or is in one now, may not come back. */
    private long responseNanos(QueueWorker worker, long patienceNanos) {
        int call = worker.modelCalls();
        if (!QueueWorker.isInside(call)) {
            return patienceNanos;
        }
        return call == calls.get(worker) ? 0 : RESPONSE_NANOS;
    }

    /** Has a worker do it, unless it does not come to it in time: then it never does. */
    private boolean fenceOn(
            QueueWorker worker, List<ActiveQueue> its, BooleanSupplier whenRaised, Runnable then, long nanos)
            throws InterruptedException {
        AtomicBoolean decided = new AtomicBoolean();
        CompletableFuture<Void> done = new CompletableFuture<>();
        worker.execute(() -> {
            if (!decided.compareAndSet(false, true)) {
                return;
            }
            try {
                fence(its);
                goesOn = queues.size() == 1 && isRaised() && whenRaised.getAsBoolean();
            } finally {
                done.complete(null);
            }
            if (goesOn) {
                then.run();
            }
        });
        try {
            done.get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException | ExecutionException late) {
            if (decided.compareAndSet(false, true)) {
                return false;
            }
        } catch (InterruptedException e) {
            if (decided.compareAndSet(false, true)) {
                throw e;
            }
            Thread.currentThread().interrupt();
        }
        // It has begun, and never waits.
        done.join();
        return true;
    }

    /** Loops, as everywhere behind the deadline: a lambda costs a fraction of a millisecond when it is come to first. */
    private static void fence(List<ActiveQueue> its) {
        for (ActiveQueue queue : its) {
            queue.rest();
        }
        for (ActiveQueue queue : its) {
            close(queue);
        }
        for (ActiveQueue queue : its) {
            takeCompleted(queue);
        }
    }

    private static void close(ActiveQueue queue) {
        if (queue instanceof PushedQueue pushed) {
            pushed.fence();
        }
    }

    /** What was completed before goes to the driver. */
    private static void takeCompleted(ActiveQueue queue) {
        try {
            queue.takeHandedOver();
        } catch (InternalError e) {
            queue.breakBy(ActiveQueue.MEMORY_GONE);
        }
    }

    /** Returns whether nobody touches any more what was in flight. */
    boolean isRaised() {
        for (QueueWorker worker : abandoned) {
            // Fenced first, seen elsewhere then: what it does from now on sees the fence, what it did before is done.
            queues.get(worker).forEach(Fence::close);
            if (!isElsewhere(worker)) {
                return false;
            }
            queues.get(worker).forEach(Fence::takeCompleted);
        }
        for (List<ActiveQueue> its : queues.values()) {
            for (ActiveQueue queue : its) {
                if (queue instanceof PushedQueue pushed && !pushed.isFenced()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Returns whether a worker is in foreign code that the call of a model that is handed its chains has led to, and in no verb; or has ended. */
    private static boolean isElsewhere(Thread worker) {
        return isIn(worker, false);
    }

    /** As for a fence, but also in the call of a model that takes its chains: is a worker at work on no other queue? */
    static boolean isAtWorkOnNoOther(Thread worker) {
        return isIn(worker, true);
    }

    private static boolean isIn(Thread worker, boolean pulls) {
        for (StackTraceElement frame : worker.getStackTrace()) {
            String name = frame.getClassName();
            if (WAYS.contains(name)) {
                return name.equals(CALLER) && frame.getMethodName().equals(CALL)
                        || pulls && name.equals(PULLING_CALLER) && frame.getMethodName().equals(PULLING_CALL);
            }
        }
        return !worker.isAlive();
    }

    /** Returns the workers that were left to the backend. */
    Set<QueueWorker> abandoned() {
        return abandoned;
    }
}
