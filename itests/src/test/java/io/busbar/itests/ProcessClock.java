package io.busbar.itests;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/**
 * The processor time of a process, of all threads that it has or had, in nanoseconds (clock_getcpuclockid(3)); what {@code /proc}
 * says of the whole process has a resolution of 10 ms.
 */
final class ProcessClock {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle CLOCK_GETCPUCLOCKID = function("clock_getcpuclockid", JAVA_INT, ADDRESS);
    private static final MethodHandle CLOCK_GETTIME = function("clock_gettime", JAVA_INT, ADDRESS);

    private final int id;

    private ProcessClock(int id) {
        this.id = id;
    }

    /** Of a process that runs. */
    static ProcessClock of(long pid) {
        try (var arena = Arena.ofConfined()) {
            var id = arena.allocate(JAVA_INT);
            call(CLOCK_GETCPUCLOCKID, Math.toIntExact(pid), id);
            return new ProcessClock(id.get(JAVA_INT, 0));
        }
    }

    /** Since the process began. */
    Duration time() {
        try (var arena = Arena.ofConfined()) {
            var time = arena.allocate(JAVA_LONG, 2);
            call(CLOCK_GETTIME, id, time);
            return Duration.ofSeconds(time.getAtIndex(JAVA_LONG, 0), time.getAtIndex(JAVA_LONG, 1));
        }
    }

    private static MethodHandle function(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static void call(MethodHandle function, int number, MemorySegment result) {
        int error;
        try {
            error = (int) function.invokeExact(number, result);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        if (error != 0) {
            throw new AssertionError("a clock is refused: " + error);
        }
    }
}
