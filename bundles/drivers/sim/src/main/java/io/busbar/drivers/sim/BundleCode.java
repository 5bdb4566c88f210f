package io.busbar.drivers.sim;

import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.wiring.BundleWiring;

/**
 * Has the code of bundles at hand before a driver waits for it. A class is read from its bundle's file, checked and linked when it is
 * used first: of a bundle that is new, in the middle of an exchange, where it takes a hundred times as long as what it then does. Nothing
 * of the bundle is run by this. Any thread.
 */
final class BundleCode {

    private static final String CLASS_FILE = ".class";

    private final Set<ClassLoader> linked = newSet();
    private final Set<ClassLoader> rehearsed = newSet();

    private static Set<ClassLoader> newSet() {
        return Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    }

    /**
     * Loads and links all classes of the bundle that a part comes from, unless that was done before.
     *
     * @param part a backend or a model
     */
    void load(Object part) {
        ClassLoader loader = part.getClass().getClassLoader();
        Bundle bundle = FrameworkUtil.getBundle(part.getClass());
        BundleWiring wiring = bundle == null ? null : bundle.adapt(BundleWiring.class);
        if (wiring != null && linked.add(loader)) {
            wiring.listResources("/", "*" + CLASS_FILE, BundleWiring.LISTRESOURCES_LOCAL | BundleWiring.LISTRESOURCES_RECURSE)
                    .forEach(file -> link(loader, file));
        }
    }

    /** Returns whether a part is of a bundle whose code was in no rehearsal, and notes that it is in one from now on. */
    boolean beginsRehearsal(Object part) {
        return FrameworkUtil.getBundle(part.getClass()) != null && rehearsed.add(part.getClass().getClassLoader());
    }

    /** A rehearsal was refused: there will be another one. */
    void failedRehearsal(Object part) {
        rehearsed.remove(part.getClass().getClassLoader());
    }

    private static void link(ClassLoader loader, String file) {
        String name = file.substring(0, file.length() - CLASS_FILE.length()).replace('/', '.');
        try {
            // Loads it; who is asked for its constructors is linked.
            Class.forName(name, false, loader).getDeclaredConstructors();
        } catch (ClassNotFoundException | LinkageError | IllegalStateException _) {
            // It needs what is not there, perhaps optional: whoever uses it finds out.
        }
    }
}
