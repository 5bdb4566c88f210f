package io.busbar.core.queue;

import java.util.List;

/**
 * Queues of a worker that does not come back from the call of another queue become another worker's, as they are: with their requests in
 * flight, of which a backend may still complete each.
 *
 * <p>A queue is one thread's at any time. The worker's stack is the proof that it is in foreign code that the call of that other queue
 * has led to, and so at work on none of those: looking at it stops the thread for a moment, so that it sees from then on what was written
 * before ({@link Fence} relies on the same). It looks who owns a queue before it touches it: when it comes to a queue in its turn, and
 * wherever a backend's thread completes or uses a chain.
 *
 * <p>For a control thread.
 */
final class Substitution {

    private Substitution() {}

    /**
     * Takes queues from a worker.
     *
     * @param from   does not come back
     * @param call   from which, by {@link QueueWorker#modelCalls}
     * @param queues those of its queues that the call is not of
     * @param to     gets them, and has none of them yet
     * @return whether they are the other's; if not, as the worker has come back or is in a verb, all is as it was
     */
    static boolean take(QueueWorker from, int call, List<ActiveQueue> queues, QueueWorker to) {
        if (!isStillIn(from, call)) {
            return false;
        }
        queues.forEach(queue -> queue.moveTo(to));
        // Moved first, seen in the same call then: what it does from now on sees that they are not its own.
        if (isStillIn(from, call)) {
            return true;
        }
        queues.forEach(queue -> queue.moveTo(from));
        // It may have passed them over, also what it was woken for, and others have woken the wrong one.
        from.execute(() -> queues.forEach(ActiveQueue::passedOver));
        return false;
    }

    /** The order matters: a later call has another number. */
    private static boolean isStillIn(QueueWorker worker, int call) {
        return Fence.isAtWorkOnNoOther(worker) && worker.modelCalls() == call;
    }
}
