package io.busbar.itests.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Kernel modules under a folder, in the order in which they must be loaded. What a module needs is read from the
 * module itself: its section {@code .modinfo} has {@code depends=a,b}.
 */
final class KernelModules {

    private static final byte[] DEPENDS = "\0depends=".getBytes(StandardCharsets.US_ASCII);

    private final Map<String, Path> known = new TreeMap<>();
    private final Map<String, byte[]> ordered = new LinkedHashMap<>();

    KernelModules(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.filter(file -> file.toString().endsWith(".ko")).forEach(file -> known.put(nameOf(file), file));
        }
    }

    /** Adds modules, each after those that it needs; a module that the kernel has built in has no file and is left out. */
    KernelModules add(List<String> names) throws IOException {
        for (String name : names) {
            add(name);
        }
        return this;
    }

    /** Module name to its bytes, in load order. */
    Map<String, byte[]> inLoadOrder() {
        return ordered;
    }

    private void add(String name) throws IOException {
        String wanted = name.replace('-', '_');
        if (!known.containsKey(wanted) || ordered.containsKey(wanted)) {
            return;
        }
        byte[] module = Files.readAllBytes(known.get(wanted));
        for (String need : needs(module)) {
            add(need);
        }
        ordered.put(wanted, module);
    }

    private static List<String> needs(byte[] module) {
        for (int at = 0; at < module.length - DEPENDS.length; at++) {
            if (startsAt(module, at)) {
                int begin = at + DEPENDS.length;
                int end = begin;
                while (module[end] != 0) {
                    end++;
                }
                String needs = new String(module, begin, end - begin, StandardCharsets.US_ASCII);
                return needs.isEmpty() ? List.of() : List.of(needs.split(","));
            }
        }
        return List.of();
    }

    private static boolean startsAt(byte[] module, int at) {
        for (int i = 0; i < DEPENDS.length; i++) {
            if (module[at + i] != DEPENDS[i]) {
                return false;
            }
        }
        return true;
    }

    private static String nameOf(Path file) {
        return file.getFileName().toString().replaceFirst("\\.ko$", "").replace('-', '_');
    }
}
