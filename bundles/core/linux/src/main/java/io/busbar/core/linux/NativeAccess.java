package io.busbar.core.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;

/** Whether this JVM lets us make system calls, and the one function handle that makes them. */
public final class NativeAccess {
    static final boolean X86_64 = "amd64".equals(System.getProperty("os.arch"));

    private static final MethodType SYSCALL_TYPE = MethodType.methodType(long.class, MemorySegment.class,
            long.class, long.class, long.class, long.class, long.class, long.class, long.class);

    private static final NativeAccessDeniedException DENIED;
    private static final MethodHandle SYSCALL;
    /** Null where the C library's function is all there is. */
    private static final MethodHandle DIRECT;
    private static final MethodHandle NOTHING;
    private static final MemorySegment ALL;

    static {
        NativeAccessDeniedException denied = null;
        MethodHandle syscall;
        MethodHandle direct = null;
        MethodHandle nothing = MethodHandles.identity(long.class);
        MemorySegment all;
        try {
            requireKnownPlatform();
            syscall = link();
            direct = SyscallCode.link(syscall).orElse(null);
            nothing = linkNothing();
            all = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
        } catch (NativeAccessDeniedException e) {
            denied = e;
            syscall = thrower(e);
            all = MemorySegment.NULL;
        } catch (IllegalCallerException e) {
            denied = new NativeAccessDeniedException("Native access is disabled for " + callerName()
                    + ": start java with " + requiredFlag(), e);
            syscall = thrower(denied);
            all = MemorySegment.NULL;
        }
        DENIED = denied;
        SYSCALL = syscall;
        DIRECT = direct;
        NOTHING = nothing;
        ALL = all;
    }

    private NativeAccess() {
    }

    /** Whether system calls can be made. Never throws; any thread. */
    public static boolean isAvailable() {
        return DENIED == null;
    }

    /** Why system calls cannot be made, with a message that says what to change; empty when they can. */
    public static Optional<NativeAccessDeniedException> unavailabilityCause() {
        return Optional.ofNullable(DENIED);
    }

    /** The java option that gives this code native access, e.g. {@code --enable-native-access=ALL-UNNAMED}. */
    public static String requiredFlag() {
        Module module = NativeAccess.class.getModule();
        return "--enable-native-access=" + (module.isNamed() ? module.getName() : "ALL-UNNAMED");
    }

    /**
     * {@code long syscall(state, number, six arguments)}: -1 on error, with errno captured at offset 0 of
     * {@code state}. When native access is denied the handle throws.
     */
    static MethodHandle syscall() {
        return SYSCALL;
    }

    /**
     * {@code long syscall(number, six arguments)}: the result, or the negative errno. Null where there is none, and then
     * {@link #syscall()} is for all calls.
     */
    static MethodHandle directSyscall() {
        return DIRECT;
    }

    /** {@code long labs(long)}: a C function that does next to nothing; where native access is denied, no C function. */
    static MethodHandle nothing() {
        return NOTHING;
    }

    /** All of memory as one segment; of length 0 when native access is denied. */
    static MemorySegment all() {
        return ALL;
    }

    private static MethodHandle linkNothing() {
        Linker linker = Linker.nativeLinker();
        MemorySegment function = linker.defaultLookup().find("labs").orElseThrow(() ->
                new NativeAccessDeniedException("The C library has no function labs", null));
        return linker.downcallHandle(function, FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    }

    private static MethodHandle link() {
        Linker linker = Linker.nativeLinker();
        MemorySegment function = linker.defaultLookup().find("syscall").orElseThrow(() ->
                new NativeAccessDeniedException("The C library has no function syscall", null));
        return linker.downcallHandle(function, FunctionDescriptor.of(JAVA_LONG,
                JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                Linker.Option.captureCallState("errno"));
    }

    private static void requireKnownPlatform() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch");
        if (!"Linux".equals(os) || !(X86_64 || "aarch64".equals(arch))) {
            throw new NativeAccessDeniedException("System calls are known for Linux on amd64 and aarch64, not for "
                    + os + " on " + arch, null);
        }
    }

    private static MethodHandle thrower(NativeAccessDeniedException reason) {
        MethodHandle thrower = MethodHandles.throwException(long.class, NativeAccessDeniedException.class);
        return MethodHandles.dropArguments(thrower.bindTo(reason), 0, SYSCALL_TYPE.parameterList());
    }

    private static String callerName() {
        Module module = NativeAccess.class.getModule();
        return module.isNamed() ? "module " + module.getName() : "unnamed modules";
    }
}
