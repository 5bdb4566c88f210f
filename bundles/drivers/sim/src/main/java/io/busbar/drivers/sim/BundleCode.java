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

    private final Set<ClassLoader> known = Collections.newSetFromMap(new WeakHashMap<>());

    /**
     * Loads and links all classes of the bundle that a part comes from, unless that was done before.
     *
     * @param part a backend or a model
     * @return whether it was done now: nothing is known of how its code runs
     */
    boolean load(Object part) {
        ClassLoader loader = part.getClass().getClassLoader();
        if (!begin(loader)) {
            return false;
        }
        Bundle bundle = FrameworkUtil.getBundle(part.getClass());
        BundleWiring wiring = bundle == null ? null : bundle.adapt(BundleWiring.class);
        if (wiring != null) {
            wiring.listResources("/", "*" + CLASS_FILE, BundleWiring.LISTRESOURCES_LOCAL | BundleWiring.LISTRESOURCES_RECURSE)
                    .forEach(file -> link(loader, file));
        }
        return true;
    }

    private synchronized boolean begin(ClassLoader loader) {
        return known.add(loader);
    }

    /** What was found out of a part does not hold: it is to be found out again. */
    synchronized void forget(Object part) {
        known.remove(part.getClass().getClassLoader());
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
