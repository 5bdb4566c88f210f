package io.busbar.runtime;

import io.busbar.runtime.client.ControlConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Makes {@code disk0} of an image, as a user would by command. */
final class FirstDisk {
    private static final String NAME = "disk0";
    private static final String SENTENCE = "Error: vdpa: ";
    private static final long DEADLINE_NANOS = 10_000_000_000L;
    private static final long POLL_MILLIS = 2;

    private FirstDisk() {}

    /**
     * @param control the control socket of this process
     * @param image the image
     * @param socketDir where devices' sockets are made
     * @return the socket that serves the disk
     * @throws UsageException if the device cannot be added; the message is the command's
     */
    static Path add(Path control, Path image, Path socketDir) throws UsageException, IOException, InterruptedException {
        var error = new StringBuilder();
        try (var connection = ControlConnection.open(control)) {
            if (connection.run(List.of("vdpa", "dev", "show", NAME), 0, _ -> {}, _ -> {}) == 0) {
                throw new UsageException(image + " cannot become " + NAME + ": a device of that name was added by command"
                        + " before and has come back. Start without --disk; \"busbar vdpa dev del " + NAME
                        + "\" then makes the name free");
            }
            var exit = connection.run(
                    List.of(
                            "vdpa", "dev", "add", "name", NAME, "mgmtdev", "sim_block", "backend", "file", "path",
                            image.toString(), "--volatile"),
                    0,
                    _ -> {},
                    error::append);
            if (exit != 0) {
                throw new UsageException(NAME + ": " + sentence(error.toString(), exit));
            }
        }
        var socket = socketDir.resolve(NAME + ".sock");
        if (!await(() -> Files.exists(socket))) {
            throw new UsageException(NAME + " was added, but nothing listens at " + socket
                    + ": \"busbar vdpa dev show\" and the log say why");
        }
        return socket;
    }

    /** The command's own sentence; the error number's text, which follows, says no more. */
    static String sentence(String error, int exit) {
        return error.lines()
                .filter(line -> line.startsWith(SENTENCE))
                .map(line -> line.substring(SENTENCE.length()))
                .findFirst()
                .orElseGet(() -> error.isBlank() ? "cannot be added, status " + exit : error.strip());
    }

    /**
     * Refuses at once what cannot become a disk, before anything is started.
     *
     * @param image absolute
     * @throws UsageException if there is no such file, or it is a directory
     */
    static void require(Path image) throws UsageException {
        if (Files.notExists(image)) {
            throw new UsageException("--disk " + image + ": there is no such file: expected the image of a disk, such as"
                    + " \"truncate -s 1G " + image + "\" makes an empty one");
        }
        if (Files.isDirectory(image)) {
            throw new UsageException("--disk " + image + " is a directory: expected a regular file or a block device");
        }
    }

    /** Waits until commands are answered. */
    static void awaitControl(Path control) throws UsageException, InterruptedException {
        var open = await(() -> {
            try (var _ = ControlConnection.open(control)) {
                return true;
            } catch (IOException _) {
                return false;
            }
        });
        if (!open) {
            throw new UsageException("nothing listens at the control socket " + control + ": the log says why");
        }
    }

    private static boolean await(BooleanSupplier condition) throws InterruptedException {
        var deadline = System.nanoTime() + DEADLINE_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return true;
    }
}
