package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Truncates a memory file under its mapping and then accesses it, in each form that is used on shared memory. Prints one
 * line per form with what happened, and "alive" at the end. To be run in a JVM of its own: a form that the JVM does not
 * survive ends it.
 */
final class TruncatedMapping {
    static final String ALIVE = "alive";

    private static final int BYTES = 65536;
    private static final int SETTLE_LOOPS = 2_000_000;
    private static final VarHandle SHORT = JAVA_SHORT.varHandle();
    private static final VarHandle INT = JAVA_INT.varHandle();
    private static final VarHandle LONG = JAVA_LONG.varHandle();
    private static final byte[] HEAP = new byte[4096];
    private static final MemorySegment HEAP_SEGMENT = MemorySegment.ofArray(HEAP);
    private static final MemorySegment NATIVE = Arena.global().allocate(4096, 8);

    private static long sink;

    private TruncatedMapping() {
    }

    @FunctionalInterface
    private interface Form {
        long access(MemorySegment segment, long address);
    }

    /** Argument: how often each form is called on an intact mapping first, so that it is compiled. */
    public static void main(String[] args) throws Exception {
        int warmUp = Integer.parseInt(args[0]);
        try (Fd target = MemFd.create("target", BYTES, true)) {
            for (Map.Entry<String, Form> form : forms(target.number()).entrySet()) {
                warm(form.getValue(), warmUp);
                System.out.println(form.getKey() + ": " + outcome(form.getValue()));
            }
        }
        System.out.println(ALIVE);
    }

    private static Map<String, Form> forms(int target) {
        Map<String, Form> forms = new LinkedHashMap<>();
        forms.put("all get byte", (s, a) -> Memory.ALL.get(JAVA_BYTE, a));
        forms.put("all get short", (s, a) -> Memory.ALL.get(JAVA_SHORT, a) & 0xffff);
        forms.put("all get int masked", (s, a) -> Memory.ALL.get(JAVA_INT, a) & 0xffff_ffffL);
        forms.put("all get unaligned int masked", (s, a) -> Memory.ALL.get(JAVA_INT_UNALIGNED, a + 1) & 0xffff_ffffL);
        forms.put("all get long", (s, a) -> Memory.ALL.get(JAVA_LONG, a));
        forms.put("all get unaligned long", (s, a) -> Memory.ALL.get(JAVA_LONG_UNALIGNED, a + 4));
        forms.put("all get unaligned long masked base",
                (s, a) -> Memory.ALL.get(JAVA_LONG_UNALIGNED, a & 0x7fff_ffff_ffffL));
        forms.put("all getAcquire short", (s, a) -> (short) SHORT.getAcquire(Memory.ALL, a) & 0xffff);
        forms.put("all getAcquire int masked", (s, a) -> (int) INT.getAcquire(Memory.ALL, a) & 0xffff_ffffL);
        forms.put("all getAcquire long", (s, a) -> (long) LONG.getAcquire(Memory.ALL, a));
        forms.put("all set byte", (s, a) -> {
            Memory.ALL.set(JAVA_BYTE, a, (byte) 1);
            return 0;
        });
        forms.put("all set short", (s, a) -> {
            Memory.ALL.set(JAVA_SHORT, a, (short) 1);
            return 0;
        });
        forms.put("all set int", (s, a) -> {
            Memory.ALL.set(JAVA_INT, a, 1);
            return 0;
        });
        forms.put("all set unaligned long", (s, a) -> {
            Memory.ALL.set(JAVA_LONG_UNALIGNED, a + 4, 1);
            return 0;
        });
        forms.put("all releaseFence then set short", (s, a) -> {
            VarHandle.releaseFence();
            Memory.ALL.set(JAVA_SHORT, a, (short) 1);
            return 0;
        });
        forms.put("all setRelease int", (s, a) -> {
            INT.setRelease(Memory.ALL, a, 1);
            return 0;
        });
        forms.put("all set short then fullFence then get short", (s, a) -> {
            Memory.ALL.set(JAVA_SHORT, a, (short) 1);
            VarHandle.fullFence();
            return Memory.ALL.get(JAVA_SHORT, a + 2) & 0xffff;
        });
        forms.put("all fill", (s, a) -> {
            Memory.ALL.asSlice(a, 4096).fill((byte) 1);
            return 0;
        });
        forms.put("all copy to native", (s, a) -> {
            MemorySegment.copy(Memory.ALL, a, NATIVE, 0, 4096);
            return 0;
        });
        forms.put("all copy from native", (s, a) -> {
            MemorySegment.copy(NATIVE, 0, Memory.ALL, a, 4096);
            return 0;
        });
        forms.put("all copy 16 bytes to heap", (s, a) -> {
            MemorySegment.copy(Memory.ALL, a, HEAP_SEGMENT, 0, 16);
            return 0;
        });
        forms.put("segment get int masked", (s, a) -> s.get(JAVA_INT, 0) & 0xffff_ffffL);
        forms.put("segment get long", (s, a) -> s.get(JAVA_LONG, 0));
        forms.put("segment getAcquire short", (s, a) -> (short) SHORT.getAcquire(s, 0L) & 0xffff);
        forms.put("segment set long", (s, a) -> {
            s.set(JAVA_LONG, 0, 1);
            return 0;
        });
        forms.put("segment fill", (s, a) -> {
            s.fill((byte) 1);
            return 0;
        });
        forms.put("segment copy to heap array", (s, a) -> {
            MemorySegment.copy(s, JAVA_BYTE, 0, HEAP, 0, HEAP.length);
            return 0;
        });
        forms.put("segment copy from heap array", (s, a) -> {
            MemorySegment.copy(HEAP, 0, s, JAVA_BYTE, 0, HEAP.length);
            return 0;
        });
        forms.put("system call write from it", (s, a) -> Syscall.call(Nr.PWRITE64, target, a, 4096, 0));
        forms.put("system call read into it", (s, a) -> Syscall.call(Nr.PREAD64, target, a, 4096, 0));
        return forms;
    }

    private static void warm(Form form, int times) throws LinuxException {
        try (Fd file = MemFd.create("intact", BYTES, true);
                Mapping mapping = Mapping.map(file.number(), 0, BYTES, true)) {
            for (int i = 0; i < times; i++) {
                sink += form.access(mapping.segment(), mapping.address());
            }
        }
    }

    private static String outcome(Form form) throws LinuxException {
        try (Fd file = MemFd.create("truncated", BYTES, true);
                Mapping mapping = Mapping.map(file.number(), 0, BYTES, true)) {
            LinuxException.check(Syscall.call(Nr.FTRUNCATE, file.number(), 0), "truncate");
            return access(form, mapping);
        }
    }

    /** The error can surface a little behind the access in compiled code, but in the same thread. */
    private static String access(Form form, Mapping mapping) {
        try {
            long result = form.access(mapping.segment(), mapping.address());
            for (int i = 0; i < SETTLE_LOOPS; i++) {
                sink += i;
                Thread.onSpinWait();
            }
            return result < 0 ? Errno.name((int) result) : "no error";
        } catch (InternalError e) {
            return e.getMessage().contains("unsafe memory access") ? "InternalError" : e.toString();
        }
    }
}
