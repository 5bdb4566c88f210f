package io.busbar.tools.bench.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder that is gone, with all that is in it, when this is closed, or when the JVM ends before. */
public final class TemporaryFolder implements AutoCloseable {

    private static final String PREFIX = "busbar-bench-";

    private final Path path;
    private final Thread atExit;

    private TemporaryFolder(Path path) {
        this.path = path;
        atExit = new Thread(this::delete, "bench-cleanup");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Makes one where temporary files are.
     *
     * @return the folder, whose path is short
     * @throws IOException if it cannot be made
     */
    public static TemporaryFolder create() throws IOException {
        return new TemporaryFolder(Files.createTempDirectory(PREFIX));
    }

    /**
     * Makes one in another folder.
     *
     * @param parent that folder
     * @return the folder
     * @throws IOException if it cannot be made
     */
    public static TemporaryFolder createIn(Path parent) throws IOException {
        return new TemporaryFolder(Files.createTempDirectory(parent, PREFIX));
    }

    /** Returns its path. */
    public Path path() {
        return path;
    }

    private void delete() {
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> all = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path each : all) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            System.err.println("bench: " + path + " could not be deleted: " + e.getMessage());
        }
    }

    @Override
    public void close() {
        delete();
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException shuttingDown) {
            // The hook has nothing left to do.
        }
    }
}
