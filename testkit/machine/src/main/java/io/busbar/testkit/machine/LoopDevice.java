package io.busbar.testkit.machine;

import java.nio.file.Path;

/** A block device over a file, until it is closed. */
public final class LoopDevice implements AutoCloseable {

    private final Path path;

    private LoopDevice(Path path) {
        this.path = path;
    }

    /** Makes one; a prerequisite is missing where the machine has none to give. */
    public static LoopDevice over(Path file) {
        Commands.Outcome outcome = Commands.run("losetup", "--find", "--show", file.toString());
        Prerequisite.require(
                outcome.exit() == 0 && outcome.output().startsWith("/dev/"), "a loop device: losetup says: " + outcome.output());
        return new LoopDevice(Path.of(outcome.output()));
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        Commands.Outcome outcome = Commands.run("losetup", "--detach", path.toString());
        if (outcome.exit() != 0) {
            throw new IllegalStateException("losetup cannot detach " + path + ": " + outcome.output());
        }
    }
}
