package io.busbar.core.queue;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Brings completed chains from any thread to the thread that owns their queue: Vyukov's intrusive queue, many producers,
 * one consumer.
 *
 * <p>Assumptions: a chain is in at most one hand-over at a time, and is put in once per completion.
 * Progress: {@link #put} is wait-free (one exchange, one store) and allocates nothing; {@link #take} never waits, and
 * may answer null while a put that has begun is not done: whoever puts wakes the owner afterwards.
 */
final class Handover {

    private static final VarHandle TAIL;

    static {
        try {
            TAIL = MethodHandles.lookup().findVarHandle(Handover.class, "tail", SlotChain.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final SlotChain stub = new SlotChain();
    private SlotChain head = stub;

    @SuppressWarnings("FieldMayBeFinal")
    private volatile SlotChain tail = stub;

    /** Puts a chain in; any thread. The exchange orders all that was written before it before {@link #take}. */
    void put(SlotChain chain) {
        chain.setNext(null);
        SlotChain before = (SlotChain) TAIL.getAndSet(this, chain);
        before.setNext(chain);
    }

    /** Returns whether something may be there; owner only. */
    boolean isEmpty() {
        return head == stub && head.next() == null && tail == stub;
    }

    /** Takes a chain out, or returns null; owner only. */
    SlotChain take() {
        SlotChain first = head;
        SlotChain second = first.next();
        if (first == stub) {
            if (second == null) {
                return null;
            }
            head = second;
            first = second;
            second = second.next();
        }
        if (second != null) {
            head = second;
            return first;
        }
        if (first != tail) {
            return null;
        }
        put(stub);
        second = first.next();
        if (second == null) {
            return null;
        }
        head = second;
        return first;
    }
}
