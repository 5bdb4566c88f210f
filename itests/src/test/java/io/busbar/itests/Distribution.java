package io.busbar.itests;

import java.nio.file.Path;

/** The packed distribution that is tested. */
public final class Distribution {
    private Distribution() {}

    /** Its folder, absolute. */
    public static Path home() {
        var home = System.getProperty("busbar.home");
        if (home == null) {
            throw new IllegalStateException("the system property busbar.home does not name the packed distribution");
        }
        return Path.of(home).toAbsolutePath().normalize();
    }

    /** The script. */
    public static Path script() {
        return home().resolve("bin/busbar");
    }
}
