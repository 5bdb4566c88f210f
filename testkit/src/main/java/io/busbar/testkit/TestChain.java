package io.busbar.testkit;

import io.busbar.api.device.Chain;
import io.busbar.api.device.ChainTask;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** A chain over plain memory that records how it was completed. */
public final class TestChain implements Chain {

    private static final int QUEUE_SIZE = 256;
    private static final int DEADLINE_SECONDS = 30;

    private final TestPayload readable;
    private final TestPayload writable;
    private int slot;
    private boolean faulted;
    private boolean cut;
    private Executor ioThreads = Runnable::run;
    private volatile long written = -1;
    private volatile int completions;
    private volatile CountDownLatch completed = new CountDownLatch(1);

    /** Makes a chain of the two directions, in slot 0 of a queue of 256. */
    public TestChain(TestPayload readable, TestPayload writable) {
        this.readable = readable;
        this.writable = writable;
    }

    /** Puts it into another slot. */
    public TestChain inSlot(int number) {
        slot = number;
        return this;
    }

    /** Says that a part of it lay outside the driver's memory, but not its end. */
    public TestChain asFaulted() {
        faulted = true;
        return this;
    }

    /** Says that its last part lay outside the driver's memory. */
    public TestChain asCut() {
        cut = true;
        return asFaulted();
    }

    /** Runs the work that is handed to I/O threads elsewhere; at first it is done on the spot. */
    public TestChain withIoThreads(Executor executor) {
        ioThreads = executor;
        return this;
    }

    /** Makes it as new, for another use of the same memory; allocates nothing. */
    public void rearm() {
        readable.rewind();
        writable.rewind();
        completions = 0;
        written = -1;
    }

    /** Returns the length that was reported, or -1 while it is not completed. */
    public long written() {
        return written;
    }

    /** Returns how often it was completed. */
    public int completions() {
        return completions;
    }

    /** Returns the last device-writable byte. */
    public int status() {
        byte[] bytes = writable.bytes();
        return bytes[bytes.length - 1];
    }

    /**
     * Waits for the first completion.
     *
     * @return this
     * @throws AssertionError if there is none within a generous deadline
     */
    public TestChain await() {
        try {
            if (!completed.await(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the chain was not completed within " + DEADLINE_SECONDS + " s");
            }
            return this;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public int queueSize() {
        return QUEUE_SIZE;
    }

    @Override
    public TestPayload readable() {
        return readable;
    }

    @Override
    public TestPayload writable() {
        return writable;
    }

    @Override
    public boolean faulted() {
        return faulted;
    }

    @Override
    public boolean lastByteReachable() {
        return !cut && writable.size() > 0;
    }

    @Override
    public void onIoThread(ChainTask task, Object attachment) {
        ioThreads.execute(() -> task.run(this, attachment));
    }

    @Override
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // exactly one thread completes a chain
    public void complete(long bytes) {
        written = bytes;
        completions = completions + 1;
        completed.countDown();
    }
}
