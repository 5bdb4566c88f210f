package io.busbar.core.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A process that holds a lock on a file.
 *
 * @param pid process id
 * @param command its name in /proc, up to 15 characters
 */
public record LockHolder(long pid, String command) {
    private static final Path PROC = Path.of("/proc");

    /** Locks of open files carry no process id, but each descriptor's fdinfo lists those that it holds. */
    static Optional<LockHolder> of(FileStatus file) {
        String identity = String.format(" %02x:%02x:%d ", file.deviceMajor(), file.deviceMinor(), file.inode());
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                if (holdsLock(process, identity)) {
                    return Optional.of(new LockHolder(Long.parseLong(process.getFileName().toString()),
                            firstLine(process.resolve("comm"))));
                }
            }
        } catch (IOException noProc) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    @Override
    public String toString() {
        return pid == ProcessHandle.current().pid() ? "this process" : "process " + pid + " (" + command + ")";
    }

    private static boolean holdsLock(Path process, String identity) {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fdinfo"))) {
            for (Path descriptor : descriptors) {
                for (String line : lines(descriptor)) {
                    if (line.startsWith("lock:") && line.contains(identity)) {
                        return true;
                    }
                }
            }
            return false;
        } catch (IOException goneOrNotOurs) {
            return false;
        }
    }

    private static String firstLine(Path file) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? "?" : lines.get(0);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException goneOrNotOurs) {
            return List.of();
        }
    }
}
