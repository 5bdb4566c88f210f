package io.busbar.core.linux;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Counts this process's sockets, pipes, memory files and anonymous inodes: what a leak of ours would be. */
final class OpenDescriptors {
    private OpenDescriptors() {
    }

    static int count() throws IOException {
        int count = 0;
        try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path link : links) {
                if (isOurs(target(link))) {
                    count++;
                }
            }
        }
        return count;
    }

    private static boolean isOurs(String target) {
        return target.startsWith("socket:") || target.startsWith("pipe:") || target.startsWith("anon_inode:")
                || target.startsWith("/memfd:");
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }
}
