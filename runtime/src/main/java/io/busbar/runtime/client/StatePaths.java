package io.busbar.runtime.client;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where the state of a Busbar is, as the launcher, its clients and the script agree on it. */
public final class StatePaths {
    /** The instance that is meant when none is named. */
    public static final String DEFAULT_INSTANCE = "default";

    private StatePaths() {}

    /**
     * The directory with one directory per instance: {@code BUSBAR_STATE_DIR}, else {@code XDG_STATE_HOME/busbar}, else
     * {@code HOME/.local/state/busbar}. A variable that is empty counts as not set.
     *
     * @param env the environment
     * @return empty if none of the three is set
     * @throws java.nio.file.InvalidPathException if the variable is not a path
     */
    public static Optional<Path> root(Map<String, String> env) {
        return variable(env, "BUSBAR_STATE_DIR")
                .or(() -> variable(env, "XDG_STATE_HOME").map(dir -> dir.resolve("busbar")))
                .or(() -> variable(env, "HOME").map(dir -> dir.resolve(".local/state/busbar")));
    }

    /** The instance that the environment names: {@code BUSBAR_INSTANCE}, else {@value #DEFAULT_INSTANCE}. */
    public static String instance(Map<String, String> env) {
        var name = env.getOrDefault("BUSBAR_INSTANCE", "");
        return name.isEmpty() ? DEFAULT_INSTANCE : name;
    }

    /**
     * Where an instance takes commands.
     *
     * @param root see {@link #root}
     * @param instance the instance's name
     */
    public static Path controlSocket(Path root, String instance) {
        return root.resolve(instance).resolve("control.sock");
    }

    private static Optional<Path> variable(Map<String, String> env, String name) {
        return Optional.of(env.getOrDefault(name, ""))
                .filter(value -> !value.isEmpty())
                .map(value -> Path.of(value).toAbsolutePath().normalize());
    }
}
