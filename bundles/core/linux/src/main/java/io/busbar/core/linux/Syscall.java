package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * One system call: six words in, a result or a negative errno out. Allocates nothing after a thread's first call.
 *
 * <p>The kernel is called directly where that is known how ({@link SyscallCode}), as it gives errno in its result. With the C
 * library's function Java captures errno, and makes an object for each call unless the compiler finds out that nobody
 * needs it, which hangs on what it has compiled before.
 *
 * <p>Each thread has a small native area: errno is captured at its start, the rest is scratch for arguments of one call
 * ({@link #scratch()}). The area is a plain JDK object, so a thread that outlives this bundle does not keep its classes.
 */
final class Syscall {
    static final int SCRATCH_BYTES = 112;

    private static final int SCRATCH_OFFSET = 16;
    private static final MethodHandle HANDLE = NativeAccess.syscall();
    private static final MethodHandle DIRECT = NativeAccess.directSyscall();
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(SCRATCH_OFFSET + SCRATCH_BYTES, 16));

    private Syscall() {
    }

    /** Makes the call: its result, or the negative errno. */
    static long call(int number, long a, long b, long c, long d, long e, long f) {
        try {
            if (DIRECT != null) {
                return (long) DIRECT.invokeExact((long) number, a, b, c, d, e, f);
            }
            MemorySegment state = STATE.get();
            long result = (long) HANDLE.invokeExact(state, (long) number, a, b, c, d, e, f);
            return result == -1 ? -(long) state.get(JAVA_INT, 0) : result;
        } catch (RuntimeException | Error unchecked) {
            throw unchecked;
        } catch (Throwable impossible) {
            throw new AssertionError("system call " + number, impossible);
        }
    }

    static long call(int number, long a, long b, long c, long d) {
        return call(number, a, b, c, d, 0, 0);
    }

    static long call(int number, long a, long b, long c) {
        return call(number, a, b, c, 0, 0, 0);
    }

    static long call(int number, long a, long b) {
        return call(number, a, b, 0, 0, 0, 0);
    }

    static long call(int number, long a) {
        return call(number, a, 0, 0, 0, 0, 0);
    }

    /** Like {@link #call}, and again as long as a signal interrupts it: for calls that may wait. */
    static long retry(int number, long a, long b, long c, long d, long e, long f) {
        long result;
        do {
            result = call(number, a, b, c, d, e, f);
        } while (result == -Errno.EINTR);
        return result;
    }

    static long retry(int number, long a, long b, long c, long d) {
        return retry(number, a, b, c, d, 0, 0);
    }

    /** Address of this thread's scratch area of {@link #SCRATCH_BYTES} bytes, 16-byte aligned; valid for one call. */
    static long scratch() {
        return STATE.get().address() + SCRATCH_OFFSET;
    }
}
