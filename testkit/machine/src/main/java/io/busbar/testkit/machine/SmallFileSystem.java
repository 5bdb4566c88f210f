package io.busbar.testkit.machine;

import java.nio.file.Path;

/** A file system in memory with little room, mounted until it is closed. */
public final class SmallFileSystem implements AutoCloseable {

    private final Path folder;

    private SmallFileSystem(Path folder) {
        this.folder = folder;
    }

    /**
     * Mounts one; a prerequisite is missing where the tests may not mount.
     *
     * @param folder    an empty folder
     * @param kibibytes the room that it has
     */
    public static SmallFileSystem mountAt(Path folder, int kibibytes) {
        Commands.Outcome outcome =
                Commands.run("mount", "-t", "tmpfs", "-o", "size=" + kibibytes + "k", "tmpfs", folder.toString());
        Prerequisite.require(outcome.exit() == 0, "the right to mount a tmpfs: mount says: " + outcome.output());
        return new SmallFileSystem(folder);
    }

    @Override
    public void close() {
        Commands.Outcome outcome = Commands.run("umount", folder.toString());
        if (outcome.exit() != 0) {
            throw new IllegalStateException("umount cannot unmount " + folder + ": " + outcome.output());
        }
    }
}
