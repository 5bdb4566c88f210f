package io.busbar.tools.plug;

import java.nio.file.Path;
import java.util.Optional;
import org.osgi.framework.BundleContext;

/**
 * The directories that plugging looks into.
 *
 * @param shelf      copies of what is plugged in
 * @param deploy     bundles that come and go by their files
 * @param bundles    the distribution's bundles
 * @param features   the distribution's features
 * @param repository the local Maven repository
 */
record Places(Path shelf, Optional<Path> deploy, Path bundles, Path features, Path repository) {

    private static final String NOWHERE = "/nonexistent";

    /** Returns what a configuration says. */
    static Places of(PlugConfiguration configuration, BundleContext context) {
        Optional<Path> state = PlugService.path(configuration.stateDir());
        Path distribution = PlugService.path(configuration.distribution()).orElse(Path.of(NOWHERE));
        return new Places(
                state.orElseGet(() -> context.getDataFile("").toPath()).resolve("bundles"),
                PlugService.path(configuration.deployDir()).or(() -> state.map(directory -> directory.resolve("deploy"))),
                distribution.resolve("bundles"),
                distribution.resolve("features"),
                PlugService.path(configuration.mavenRepository())
                        .or(() -> PlugService.path(System.getProperty("maven.repo.local", "")))
                        .orElseGet(() -> Path.of(System.getProperty("user.home", NOWHERE), ".m2", "repository")));
    }
}
