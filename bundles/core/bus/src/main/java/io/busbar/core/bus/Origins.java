package io.busbar.core.bus;

import org.osgi.framework.Bundle;

/** Bundles by name. */
final class Origins {

    private Origins() {}

    /** Returns symbolic name and version; empty for a bundle that has gone. */
    static String of(Bundle bundle) {
        return bundle == null ? "" : bundle.getSymbolicName() + " " + bundle.getVersion();
    }
}
