package io.busbar.itests.guest;

import io.busbar.testkit.machine.Prerequisite;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A file on a disk with a volatile write cache: what is written to it and not synced is gone when the power is cut. It is the
 * one file of a file system in user space, {@code src/test/c/volatile-disk.c}, mounted where only programs see it that are
 * started {@link #inside()}.
 */
final class VolatileDisk implements AutoCloseable {

    private final ProcessGroup process;
    private final Path file;

    private VolatileDisk(ProcessGroup process, Path file) {
        this.process = process;
        this.file = file;
    }

    /**
     * Puts a volatile cache before a file.
     *
     * @param program  the compiled file system
     * @param platters the file that shows what survives a power cut
     * @param deaf     whether a sync is answered with success and does nothing
     * @throws RuntimeException if this machine cannot mount file systems in user space, see {@link Prerequisite}
     */
    static VolatileDisk over(Path program, Path platters, boolean deaf) throws IOException {
        Path mountPoint = Files.createDirectory(platters.resolveSibling(platters.getFileName() + ".mounted"));
        List<String> command = new ArrayList<>(List.of("unshare", "--mount"));
        if (!isRoot()) {
            command.addAll(List.of("--user", "--map-root-user"));
        }
        command.addAll(List.of(program.toString(), mountPoint.toString(), platters.toString()));
        if (deaf) {
            command.add("deaf");
        }
        ProcessGroup process = ProcessGroup.start(command);
        BufferedReader output = process.process().inputReader(StandardCharsets.UTF_8);
        String first = output.readLine();
        if (!"mounted".equals(first)) {
            process.close();
            throw Prerequisite.missing("no file system in user space can be mounted here: " + first);
        }
        return new VolatileDisk(process, mountPoint.resolve("disk.img"));
    }

    /** The file behind the cache; visible only {@link #inside()}. */
    Path file() {
        return file;
    }

    /** The words before a command that let it see the file; the command's working folder becomes the root. */
    String[] inside() {
        List<String> words = new ArrayList<>(List.of("nsenter", "--target", Long.toString(process.process().pid()), "--mount"));
        if (!isRoot()) {
            words.addAll(List.of("--user", "--preserve-credentials"));
        }
        return words.toArray(String[]::new);
    }

    /** Cuts the power: what was not synced is gone. */
    @Override
    public void close() {
        process.close();
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }
}
