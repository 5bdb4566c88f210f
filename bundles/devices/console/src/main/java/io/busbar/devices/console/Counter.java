package io.busbar.devices.console;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A count.
 *
 * <p>Assumptions: one thread at a time adds. Guarantees: no count is lost; a reader on any thread sees a whole value.
 * Progress: wait-free.
 */
final class Counter {

    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through VALUE
    private long value;

    void add(long count) {
        VALUE.setOpaque(this, (long) VALUE.getOpaque(this) + count);
    }

    long get() {
        return (long) VALUE.getOpaque(this);
    }
}
