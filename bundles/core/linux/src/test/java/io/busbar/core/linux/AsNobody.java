package io.busbar.core.linux;

import io.busbar.testkit.machine.Prerequisite;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs code in a thread that has given up root. Credentials belong to threads in Linux (the C library keeps them equal,
 * plain system calls do not), so the rest of the JVM keeps its own.
 */
final class AsNobody {
    private static final int SETRESUID = NativeAccess.X86_64 ? 117 : 147;
    private static final int SETRESGID = NativeAccess.X86_64 ? 119 : 149;
    private static final int SETGROUPS = NativeAccess.X86_64 ? 116 : 159;
    private static final int NOBODY = 65534;

    private AsNobody() {
    }

    static <T> T call(Callable<T> code) throws Exception {
        Prerequisite.requireRoot();
        FutureTask<T> task = new FutureTask<>(() -> {
            LinuxException.check(Syscall.call(SETGROUPS, 0, 0), "drop the groups");
            LinuxException.check(Syscall.call(SETRESGID, NOBODY, NOBODY, NOBODY), "become group nobody");
            LinuxException.check(Syscall.call(SETRESUID, NOBODY, NOBODY, NOBODY), "become user nobody");
            return code.call();
        });
        Thread.ofPlatform().start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }
}
