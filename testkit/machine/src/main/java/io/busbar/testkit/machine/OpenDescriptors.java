package io.busbar.testkit.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The descriptors that a process has open at a moment, by kind: for tests that say that nothing is left behind. What a JVM
 * opens when it likes, such as the archives of classes, is left out.
 *
 * <p>What an earlier test has left to a thread that is still ending may be closed after the moment, and then hides as many
 * leaks of its kind: a test does what could leak many times over, so that a leak shows nevertheless.
 *
 * @param process the process's folder in {@code /proc}
 * @param byKind  how many there were: of sockets, of pipes, of each kind of the kernel's own files, of each file with a name
 */
public record OpenDescriptors(Path process, Map<String, Integer> byKind) {

    private static final List<String> OF_THE_JVM =
            List.of("/proc/", "/sys/", "/dev/random", "/dev/urandom", System.getProperty("java.home"));

    /** What this process has open now. */
    public static OpenDescriptors now() {
        return at(Path.of("/proc/self"));
    }

    /** What another process has open now. */
    public static OpenDescriptors ofProcess(long pid) {
        return at(Path.of("/proc", Long.toString(pid)));
    }

    private static OpenDescriptors at(Path process) {
        Map<String, Integer> byKind = new TreeMap<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path link : links) {
                String target = target(link);
                if (!target.isEmpty() && !target.endsWith(".jar") && OF_THE_JVM.stream().noneMatch(target::startsWith)) {
                    byKind.merge(kind(target), 1, Integer::sum);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new OpenDescriptors(process, byKind);
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }

    /** {@code socket:[4711]} is a socket, whatever its number. */
    private static String kind(String target) {
        return target.replaceFirst("^(socket|pipe):\\[\\d+]$", "$1");
    }

    /** The kinds of which the process has more open now than then, with how many more. */
    public Map<String, Integer> more() {
        Map<String, Integer> more = new TreeMap<>();
        at(process).byKind.forEach((kind, count) -> {
            int added = count - byKind.getOrDefault(kind, 0);
            if (added > 0) {
                more.put(kind, added);
            }
        });
        return more;
    }

    /**
     * Waits until the process has no more of any kind open than then: what is closed may be closed by another thread.
     *
     * @param when said by the failure, such as the round of a test
     */
    public void awaitNoMore(String when) {
        Eventually.that(() -> more().isEmpty(), () -> when + ", descriptors that were left behind: " + more());
    }
}
