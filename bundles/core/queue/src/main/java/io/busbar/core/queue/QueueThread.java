package io.busbar.core.queue;

import io.busbar.core.linux.Iovecs;

/** A thread of the engine, with the native scratch that its system calls need: no call allocates. */
class QueueThread extends Thread {

    /** Buffers that one system call takes at the most (IOV_MAX); longer transfers are done in pieces. */
    static final int IOV_MAX = 1024;

    private static final ThreadLocal<Iovecs> OF_STRANGERS = ThreadLocal.withInitial(() -> new Iovecs(IOV_MAX));

    private final Iovecs iovecs = new Iovecs(IOV_MAX);

    /** The chain whose work this thread does, as an I/O thread, or null. For this thread. */
    private SlotChain atWorkOn;

    QueueThread(Runnable work, String name) {
        super(null, work, name, 0, false);
        setDaemon(true);
    }

    /** Notes whose work the current thread does from now on; null for nobody's. */
    static void atWorkOn(SlotChain chain) {
        if (Thread.currentThread() instanceof QueueThread ours) {
            ours.atWorkOn = chain;
        }
    }

    /** Returns whether the current thread does work of a chain. */
    static boolean isAtWorkOn(SlotChain chain) {
        return Thread.currentThread() instanceof QueueThread ours && ours.atWorkOn == chain;
    }

    /** Returns the current thread's scratch; a backend's own thread gets one at its first call. */
    static Iovecs currentIovecs() {
        return Thread.currentThread() instanceof QueueThread ours ? ours.iovecs : OF_STRANGERS.get();
    }
}
