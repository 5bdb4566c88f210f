package io.busbar.itests.architecture;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;

/**
 * The rules of the folders. A bundle's symbolic name is {@code io.busbar.} and its path with dots; its root package is
 * the same without hyphens, with an underscore after a word of the language (JLS 6.1); which bundles it may import from
 * follows from its folder.
 */
final class ArchitectureRules {
    private static final String OURS = "io.busbar.";

    /** The sides of a card: what one knows of the other crosses the link. */
    private static final Map<String, Set<String>> STRANGERS = Map.of("io.busbar.drivers.x100", Set.of(
            "io.busbar.drivers.x100.host -> io.busbar.drivers.x100.card", "io.busbar.drivers.x100.card -> io.busbar.drivers.x100.host",
            "io.busbar.drivers.x100.link -> io.busbar.drivers.x100.card", "io.busbar.drivers.x100.link -> io.busbar.drivers.x100.host"));

    private final Map<String, String> exporterOf = new HashMap<>();

    /** @param bundles all bundles, since what is imported belongs to the one that exports it */
    ArchitectureRules(Collection<BundleFacts> bundles) {
        bundles.forEach(bundle -> bundle.exports().forEach(name -> exporterOf.put(name, bundle.symbolicName())));
    }

    /** A sentence for each rule that the bundle breaks. */
    List<String> violations(BundleFacts bundle) {
        var found = new ArrayList<String>();
        var name = bundle.symbolicName();
        var root = rootPackage(name);
        for (var one : bundle.packages()) {
            if (!one.equals(root) && !one.startsWith(root + ".")) {
                found.add(name + " has the package " + one + ", which is not below " + root);
            }
        }
        if (!mayExport(name) && !bundle.exports().isEmpty()) {
            found.add(name + " exports " + bundle.exports());
        }
        for (var imported : bundle.imports()) {
            checkImport(name, imported, found);
        }
        bundle.inside().stream().filter(STRANGERS.getOrDefault(name, Set.of())::contains)
                .forEach(use -> found.add(name + " has packages that may not know each other: " + use));
        if (!name.equals("io.busbar.core.linux")) {
            bundle.nativeAccess().forEach(access -> found.add(name + " leaves the safety of Java: " + access));
        }
        return found;
    }

    private static String rootPackage(String name) {
        return Arrays.stream(name.replace("-", "").split("\\."))
                .map(word -> SourceVersion.isKeyword(word) ? word + "_" : word)
                .collect(Collectors.joining("."));
    }

    private void checkImport(String name, String imported, List<String> found) {
        if (imported.contains("*")) {
            found.add(name + " imports " + imported + ": a name was expected");
        } else if (imported.startsWith(OURS)) {
            var exporter = exporterOf.get(imported);
            if (exporter == null) {
                found.add(name + " imports " + imported + ", which no bundle exports");
            } else if (!exporter.equals(name) && !mayImport(name, exporter)) {
                found.add(name + " imports " + imported + " of " + exporter);
            }
        }
    }

    private static boolean mayExport(String name) {
        return isApi(name) || name.equals("io.busbar.core.linux") || name.equals("io.busbar.core.virtio");
    }

    private static boolean mayImport(String name, String exporter) {
        return switch (name) {
            case "io.busbar.api.memory", "io.busbar.core.linux" -> false;
            case "io.busbar.api.device" -> Set.of("io.busbar.api.memory", "io.busbar.api.vdpa").contains(exporter);
            case "io.busbar.core.virtio" -> exporter.equals("io.busbar.api.memory");
            default -> isApi(name)
                    ? exporter.equals("io.busbar.api.memory")
                    : exporter.equals("io.busbar.api.driver") ? mayDrive(name) : isForAll(exporter);
        };
    }

    /** Devices that are driven in this process: for who drives them, and for who shows them. What is below a device is not. */
    private static boolean mayDrive(String name) {
        return name.equals("io.busbar.bus-drivers.virtio") || name.startsWith("io.busbar.tools.");
    }

    /** What everybody outside api may know. */
    private static boolean isForAll(String exporter) {
        return isApi(exporter) || exporter.equals("io.busbar.core.virtio") || exporter.equals("io.busbar.core.linux");
    }

    private static boolean isApi(String name) {
        return name.startsWith("io.busbar.api.");
    }
}
