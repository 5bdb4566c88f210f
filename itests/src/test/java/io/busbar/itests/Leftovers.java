package io.busbar.itests;

import io.busbar.testkit.machine.OpenDescriptors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a Busbar has at a moment that its bundles may leave behind: class loaders of bundles that are still in its heap after a full
 * collection, descriptors, mappings of files, threads by name, and files below its state.
 *
 * @param loaders     class loaders of bundles
 * @param descriptors open descriptors
 * @param mappings    mapped files, memory files and shared memory, and how many mappings of each
 * @param threads     threads by name, without those of the JVM itself
 * @param files       names of files and folders, without the log
 */
record Leftovers(
        long pid, Path folder, int loaders, OpenDescriptors descriptors, Map<String, Long> mappings, Map<String, Long> threads,
        List<String> files) {

    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final String LOADER = "org.apache.felix.framework.BundleWiringImpl$BundleClassLoader";

    /**
     * Looks.
     *
     * @param busbar the process
     * @param folder of its state and of what its devices use
     */
    static Leftovers of(BusbarProcess busbar, Path folder) {
        return at(busbar.pid(), folder);
    }

    private static Leftovers at(long pid, Path folder) {
        try {
            return new Leftovers(pid, folder, loaders(pid), OpenDescriptors.ofProcess(pid), mappings(pid), threads(pid), files(folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The histogram counts what is alive: the JVM collects all garbage before. */
    private static int loaders(long pid) {
        String histogram = jcmd(pid, "GC.class_histogram");
        return histogram.lines()
                .map(line -> line.strip().split("\\s+"))
                .filter(words -> words.length >= 4 && words[3].equals(LOADER))
                .mapToInt(words -> Integer.parseInt(words[1]))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no histogram: " + histogram));
    }

    private static String jcmd(long pid, String... words) {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/jcmd", Long.toString(pid)));
        command.addAll(List.of(words));
        Command result = Command.run(DEADLINE, Map.of(), command);
        if (result.exit() != 0) {
            throw new AssertionError(command + ": " + result.out() + result.err());
        }
        return result.out();
    }

    /** How many class loaders have a class of that name, those left out that were garbage at the last look. */
    static long loadersOf(BusbarProcess busbar, String className) {
        return jcmd(busbar.pid(), "VM.classloaders", "show-classes=true").lines()
                .filter(line -> line.matches(".*[ |]" + className.replace(".", "\\.")))
                .count();
    }

    private static Map<String, Long> mappings(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/maps")).stream()
                .map(line -> line.split("\\s+", 6))
                .filter(words -> words.length == 6 && words[5].startsWith("/"))
                .collect(Collectors.groupingBy(words -> words[5], TreeMap::new, Collectors.counting()));
    }

    /** Those that the JVM starts and ends as it likes are left out. */
    private static Map<String, Long> threads(long pid) throws IOException {
        Map<String, Long> threads = new TreeMap<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks.toList()) {
                String name = name(task);
                if (!name.matches("(C[12] Compiler|GC Thread|G1 |VM |Signal|Attach|Monitor|Service|Notification|Common-Clean|Sweeper).*|")) {
                    threads.merge(name, 1L, Long::sum);
                }
            }
        }
        return threads;
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException endedMeanwhile) {
            return "";
        }
    }

    private static List<String> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> folder.relativize(file).toString())
                    .filter(name -> !name.contains("/log/"))
                    .sorted()
                    .toList();
        }
    }

    /** What there is more of now than then; empty if there is nothing. */
    List<String> more() {
        Leftovers now = at(pid, folder);
        List<String> more = new ArrayList<>();
        if (now.loaders > loaders) {
            more.add(now.loaders - loaders + " class loaders");
        }
        descriptors.more().forEach((kind, count) -> more.add(count + " descriptors of " + kind));
        add(more, "mappings of ", mappings, now.mappings);
        add(more, "threads ", threads, now.threads);
        now.files.stream().filter(name -> !files.contains(name)).forEach(name -> more.add("file " + name));
        return more;
    }

    private static void add(List<String> more, String what, Map<String, Long> before, Map<String, Long> now) {
        now.forEach((name, count) -> {
            long added = count - before.getOrDefault(name, 0L);
            if (added > 0) {
                more.add(added + " " + what + name);
            }
        });
    }

    /** Waits until there is no more of anything: what closes may do so on another thread. */
    void awaitNoMore(String when) {
        List<List<String>> last = new ArrayList<>(List.of(List.of()));
        Eventually.within(DEADLINE, () -> {
            last.set(0, more());
            return last.getFirst().isEmpty();
        }, () -> when + ", what was left behind: " + last.getFirst());
    }

    /** In words. */
    String counted() {
        return "%d class loaders, %d descriptors, %d mappings of files, %d threads, %d files".formatted(
                loaders, descriptors.byKind().values().stream().mapToInt(Integer::intValue).sum(), sum(mappings), sum(threads), files.size());
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
