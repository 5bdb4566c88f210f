package io.busbar.core.linux;

import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Network namespaces (network_namespaces(7)). A namespace belongs to a thread; what is opened there, such as a socket or
 * a tap interface, stays there whichever thread uses it.
 */
public final class NetworkNamespace {
    private static final Path NAMED = Path.of("/run/netns");
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int AT_FDCWD = -100;
    private static final int O_CLOEXEC = 0x80000;

    private NetworkNamespace() {
    }

    /**
     * Does something in a thread of its own that is in a namespace, and waits for its end.
     *
     * @param name the name of a namespace ({@code ip netns add NAME}), or the absolute path of its file, such as
     *             {@code /proc/PID/ns/net}
     * @param code what to do
     * @return what the code returned
     * @throws LinuxException ENOENT when there is no such namespace, EPERM, EINVAL when the file is none
     * @throws Exception what the code threw
     */
    public static <T> T call(String name, Callable<T> code) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter(name);
            return code.call();
        });
        Thread.ofPlatform().daemon().name("busbar-netns").start(task);
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
    }

    private static void enter(String name) throws LinuxException {
        String path = NAMED.resolve(name).toString();
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(path, StandardCharsets.UTF_8).address();
            long number = LinuxException.check(Syscall.retry(Nr.OPENAT, AT_FDCWD, address, O_CLOEXEC, 0), "open " + path);
            try (Fd namespace = Fd.own((int) number)) {
                LinuxException.check(Syscall.call(Nr.SETNS, namespace.number(), CLONE_NEWNET),
                        "enter network namespace " + name);
            }
        }
    }
}
