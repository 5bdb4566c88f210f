package io.busbar.drivers.sim;

import io.busbar.api.backend.Backend;
import io.busbar.api.backend.BackendException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Knows which threads belong to backends, to find those that live on when they should not.
 *
 * <p>A thread belongs to a backend if it was started while the backend was opened, or by a thread that was: it has inherited the context
 * class loader of the opening, which is one of a kind; or if what it runs is of the backend's bundle, by its own class or one on its stack. So
 * an idle thread of a pool that a backend made on another thread is not found, nor is a virtual one.
 *
 * <p>Backends of a bundle may share threads, so that these are looked for when the last one of the bundle is closed; what the bundle ran
 * already when the first one was opened is its own. Any thread.
 */
final class BackendThreads {

    /** For threads that begin while they are counted. */
    private static final int ROOM = 64;

    private final Map<ClassLoader, Origin> origins = new HashMap<>();

    /** Opens a backend. */
    interface Opener {
        Backend open() throws BackendException;
    }

    /** Stands for one opening, and finds what the class loader before finds. */
    private static final class Opening extends ClassLoader {

        Opening(ClassLoader before) {
            super(before);
        }
    }

    /** The backends of one class loader: of a bundle. */
    static final class Origin {

        private final ClassLoader loader;
        private final Set<ClassLoader> openings = new HashSet<>();
        private Set<Thread> own = Set.of();
        private int open;

        private Origin(ClassLoader loader) {
            this.loader = loader;
        }

        /** Returns the threads that belong to its backends and live, by name. */
        List<String> living() {
            List<String> names = new ArrayList<>();
            for (Thread thread : alive()) {
                if (thread != Thread.currentThread() && !own.contains(thread)
                        && (openings.contains(thread.getContextClassLoader()) || runs(thread))) {
                    names.add(thread.getName());
                }
            }
            names.sort(null);
            return names;
        }

        /** Returns all threads that live. */
        private static List<Thread> alive() {
            ThreadGroup all = Thread.currentThread().getThreadGroup();
            while (all.getParent() != null) {
                all = all.getParent();
            }
            Thread[] threads = new Thread[2 * all.activeCount() + ROOM];
            return List.of(Arrays.copyOf(threads, all.enumerate(threads)));
        }

        private boolean runs(Thread thread) {
            if (thread.getClass().getClassLoader() == loader) {
                return true;
            }
            // One by one: for the stacks of all at the same time all have to stop, those of queues too.
            StackTraceElement[] stack = thread.getStackTrace();
            // The first frames are the thread's own: what called them is nobody's but the thread's.
            for (int i = stack.length - 1; i >= 0; i--) {
                if (isOfLoader(stack[i].getClassName())) {
                    return true;
                }
            }
            return false;
        }

        private boolean isOfLoader(String className) {
            if (className.startsWith("java.") || className.startsWith("jdk.") || className.startsWith("io.busbar.core.")) {
                return false;
            }
            try {
                return Class.forName(className, false, loader).getClassLoader() == loader;
            } catch (ClassNotFoundException | LinkageError | IllegalStateException _) {
                return false;
            }
        }

        private void findOwn() {
            Set<Thread> found = new HashSet<>();
            for (Thread thread : alive()) {
                if (!openings.contains(thread.getContextClassLoader()) && runs(thread)) {
                    found.add(thread);
                }
            }
            own = found;
        }
    }

    /** Opens a backend, with whatever that throws. */
    Backend opening(Opener opener) throws BackendException {
        Thread current = Thread.currentThread();
        ClassLoader before = current.getContextClassLoader();
        Opening mark = new Opening(before);
        current.setContextClassLoader(mark);
        try {
            Backend backend = opener.open();
            opened(backend.getClass().getClassLoader(), mark);
            return backend;
        } finally {
            current.setContextClassLoader(before);
        }
    }

    private synchronized void opened(ClassLoader loader, Opening mark) {
        Origin origin = origins.computeIfAbsent(loader, Origin::new);
        origin.openings.add(mark);
        if (origin.open++ == 0) {
            origin.findOwn();
        }
    }

    /**
     * A backend was closed.
     *
     * @return what is to be looked at if it was the last one of its bundle, else null
     */
    synchronized Origin closed(Backend backend) {
        Origin origin = origins.get(backend.getClass().getClassLoader());
        if (origin == null || --origin.open > 0) {
            return null;
        }
        origins.remove(origin.loader);
        return origin;
    }
}
