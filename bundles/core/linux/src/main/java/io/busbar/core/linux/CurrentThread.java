package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/** The platform thread that calls, as Linux sees it. */
public final class CurrentThread {
    private static final int CLOCK_THREAD_CPUTIME_ID = 3;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int MAX_CPUS = 8192;
    private static final MethodHandle NOTHING = NativeAccess.nothing();

    private CurrentThread() {
    }

    /** Thread id (gettid), as in {@code /proc/self/task}. */
    public static int id() {
        return (int) Syscall.call(Nr.GETTID, 0);
    }

    /**
     * Throws what an access to memory that is no longer there has left behind. The JVM notes such a fault at the access and
     * throws it some time later, at the latest at the end of the next native call: a thread that goes to sleep in that call
     * would hear of it when it wakes. A few nanoseconds; allocates nothing.
     *
     * @throws InternalError a fault that this thread's accesses have met and that was not thrown yet
     */
    public static void throwPendingFault() {
        try {
            long unused = (long) NOTHING.invokeExact(0L);
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError("labs", impossible);
        }
    }

    /** CPU time that this thread has used, user and system, in nanoseconds, or negative errno. Allocates nothing. */
    public static long cpuTimeNanos() {
        long timespec = Syscall.scratch();
        long result = Syscall.call(Nr.CLOCK_GETTIME, CLOCK_THREAD_CPUTIME_ID, timespec);
        return result < 0 ? result
                : Memory.ALL.get(JAVA_LONG, timespec) * NANOS_PER_SECOND + Memory.ALL.get(JAVA_LONG, timespec + 8);
    }

    /** The processors that this thread may run on, by number. */
    public static BitSet processors() throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MAX_CPUS / Byte.SIZE, Long.BYTES);
            LinuxException.check(Syscall.call(Nr.SCHED_GETAFFINITY, 0, mask.byteSize(), mask.address()),
                    "read the processors of this thread");
            return BitSet.valueOf(mask.toArray(JAVA_LONG));
        }
    }

    /**
     * Lets this thread run on these processors only.
     *
     * @throws LinuxException EINVAL when none of them is there
     */
    public static void setProcessors(BitSet processors) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(MAX_CPUS / Byte.SIZE, Long.BYTES);
            mask.copyFrom(MemorySegment.ofArray(processors.toByteArray()));
            LinuxException.check(Syscall.call(Nr.SCHED_SETAFFINITY, 0, mask.byteSize(), mask.address()),
                    "let this thread run on the processors " + processors);
        }
    }
}
