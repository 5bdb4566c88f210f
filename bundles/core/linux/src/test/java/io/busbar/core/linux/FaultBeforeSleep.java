package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.invoke.VarHandle;

/**
 * Sleeps in the kernel right after an access to memory that is no longer there, again and again in compiled code, and prints
 * in how many of {@link #ROUNDS} rounds the fault was thrown only after the sleep. To be run in a JVM of its own.
 */
final class FaultBeforeSleep {
    static final int ROUNDS = 12;

    /** The argument to ask for faults before each sleep. */
    static final String ASKING = "asking";

    private static final int BYTES = 65536;
    private static final int WARM = 100_000;
    private static final int SLEEP_MILLIS = 200;
    private static final int WORD = 64;

    private FaultBeforeSleep() {
    }

    public static void main(String[] args) throws Exception {
        boolean asking = args[0].equals(ASKING);
        int late = 0;
        for (int round = 0; round < ROUNDS; round++) {
            late += isLate(asking) ? 1 : 0;
        }
        System.out.println(late);
    }

    private static boolean isLate(boolean asking) throws Exception {
        try (Fd file = MemFd.create("fault-before-sleep", BYTES, true);
                Mapping mapping = Mapping.map(file.number(), 0, BYTES, true);
                Epoll epoll = Epoll.create()) {
            for (int i = 0; i < WARM; i++) {
                look(mapping.address(), asking);
                epoll.await(0);
            }
            LinuxException.check(Syscall.call(Nr.FTRUNCATE, file.number(), 0), "truncate");
            long start = System.nanoTime();
            try {
                look(mapping.address(), asking);
                epoll.await(SLEEP_MILLIS);
                return true;
            } catch (InternalError fault) {
                return System.nanoTime() - start >= SLEEP_MILLIS * 1_000_000L;
            }
        }
    }

    /** As a queue's owner does before it sleeps: writes a word, and reads another one once more. */
    private static boolean look(long address, boolean asking) {
        Memory.ALL.set(JAVA_SHORT_UNALIGNED, address + WORD, (short) 5);
        VarHandle.fullFence();
        boolean work = Memory.ALL.get(JAVA_SHORT_UNALIGNED, address) != 0;
        if (asking) {
            CurrentThread.throwPendingFault();
        }
        return work;
    }
}
