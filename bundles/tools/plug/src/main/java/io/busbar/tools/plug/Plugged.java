package io.busbar.tools.plug;

import java.nio.file.Path;
import org.osgi.framework.Bundle;

/**
 * A bundle that was plugged in.
 *
 * @param bundle the bundle
 * @param file   the copy that it is installed from
 * @param from   where that was from
 * @param stay   how long it stays
 */
record Plugged(Bundle bundle, Path file, String from, Stay stay) {

    /** How long a bundle stays. */
    enum Stay {
        /** It comes back at the next start. */
        KEPT,
        /** Until the process ends. */
        VOLATILE,
        /** As long as its file is in the directory. */
        DEPLOYED
    }

    /** Returns symbolic name and version, as the bus names a bundle. */
    static String origin(Bundle bundle) {
        return bundle.getSymbolicName() + " " + bundle.getVersion();
    }
}
