package io.busbar.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a command can leave behind: compared before and after one that was refused.
 *
 * @param devices what is on the bus, as JSON
 * @param files files below the test's directory, but for logs, and what is in those that are small and kept
 * @param opened those of them that the process has open, and so may have locked
 */
record World(String devices, SortedSet<String> files, SortedSet<String> opened) {

    static World of(BusbarProcess busbar, Path directory) {
        return new World(busbar.ok("vdpa", "-jp", "dev", "show"), files(directory), opened(busbar.pid(), directory));
    }

    private static SortedSet<String> files(Path directory) {
        try (Stream<Path> found = Files.walk(directory)) {
            var files = new TreeSet<String>();
            for (Path file : found.toList()) {
                var size = Files.isRegularFile(file) ? " " + Files.size(file) : "";
                var content = file.endsWith("devices") ? " " + Files.readString(file) : "";
                files.add(file + (file.getFileName().toString().startsWith("output") ? "" : size + content));
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SortedSet<String> opened(long pid, Path directory) {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            var opened = new TreeSet<String>();
            for (Path descriptor : descriptors.toList()) {
                try {
                    var target = Files.readSymbolicLink(descriptor);
                    if (target.startsWith(directory)) {
                        opened.add(target.toString());
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    // A connection of a command that has ended.
                }
            }
            return opened;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
