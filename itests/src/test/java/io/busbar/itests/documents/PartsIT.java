package io.busbar.itests.documents;

import static org.assertj.core.api.Assertions.assertThat;

import aQute.bnd.header.Attrs;
import aQute.bnd.header.OSGiHeader;
import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Distribution;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code docs/parts.md} is what the manifests of the distribution's bundles and its management devices say. With
 * {@code -Dbusbar.parts.update=true} it is written.
 */
class PartsIT {
    private static final Path DOCUMENT = Path.of(System.getProperty("busbar.source"), "docs/parts.md");
    private static final String HEAD = """
            # What is in the distribution

            Written by a test from the capabilities in the bundles' manifests (`busbar.backend`, `busbar.device`, `busbar.driver`,
            `busbar.bus-driver`), which come from the annotations of the components, and from `vdpa mgmtdev show`. What runs shows the same:
            `busbar backend list`, `model list`, `driver list`.
            """;

    @TempDir
    private Path folder;

    @Test
    void itIsWhatTheBundlesSay() throws IOException {
        String text = HEAD + table("Backends", "busbar.backend", "type", "name", "settings")
                + table("Device models", "busbar.device", "type", "name")
                + table("Management devices", "busbar.driver", "name", "type")
                + features()
                + table("Bus drivers", "busbar.bus-driver", "name", "type");
        if (Boolean.getBoolean("busbar.parts.update")) {
            Files.writeString(DOCUMENT, text);
        }
        assertThat(Files.readString(DOCUMENT)).as("docs/parts.md: write it by this test with -Dbusbar.parts.update=true").isEqualTo(text);
    }

    private static String table(String title, String namespace, String... columns) throws IOException {
        List<String> rows = new ArrayList<>();
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(Distribution.home().resolve("bundles"), "io.busbar.*.jar")) {
            for (Path jar : jars) {
                rows(rows, jar, namespace, columns);
            }
        }
        rows.sort(null);
        assertThat(rows).as(namespace).isNotEmpty();
        return "\n## " + title + "\n\n| " + String.join(" | ", columns) + " | bundle |\n|" + "---|".repeat(columns.length + 1) + "\n"
                + String.join("", rows);
    }

    private static void rows(List<String> rows, Path file, String namespace, String... columns) throws IOException {
        try (JarFile jar = new JarFile(file.toFile())) {
            var manifest = jar.getManifest().getMainAttributes();
            for (var clause : OSGiHeader.parseHeader(manifest.getValue("Provide-Capability")).entrySet()) {
                if (clause.getKey().replaceAll("~+$", "").equals(namespace)) {
                    rows.add(row(clause.getValue(), manifest.getValue("Bundle-SymbolicName"), columns));
                }
            }
        }
    }

    private static String row(Attrs attributes, String bundle, String... columns) {
        StringBuilder row = new StringBuilder();
        for (String column : columns) {
            String text = attributes.getOrDefault(column, "");
            row.append("| ").append(column.equals("settings") ? "`" + text.replace("|", "\\|") + "`" : text.replace(",", ", ")).append(' ');
        }
        return row.append("| `").append(bundle).append("` |\n").toString();
    }

    /** A feature is a row, and says which management devices can make devices with it. */
    private String features() {
        TreeMap<String, TreeMap<String, Boolean>> features = new TreeMap<>();
        TreeMap<String, Boolean> makers = new TreeMap<>();
        try (BusbarProcess busbar = BusbarProcess.in(folder).start()) {
            var shown = JsonParser.parseString(busbar.ok("vdpa", "-j", "mgmtdev", "show")).getAsJsonObject().getAsJsonObject("mgmtdev");
            shown.entrySet().forEach(maker -> {
                makers.put(maker.getKey(), true);
                maker.getValue().getAsJsonObject().getAsJsonArray("dev_features").forEach(feature ->
                        features.computeIfAbsent(feature.getAsString(), _ -> new TreeMap<>()).put(maker.getKey(), true));
            });
        }
        StringBuilder text = new StringBuilder("\n### Features that they can offer\n\n| feature | " + String.join(" | ", makers.keySet())
                + " |\n|" + "---|".repeat(makers.size() + 1) + "\n");
        features.forEach((feature, who) -> {
            text.append("| ").append(feature).append(' ');
            makers.keySet().forEach(maker -> text.append(who.containsKey(maker) ? "| yes " : "| "));
            text.append("|\n");
        });
        return text.toString();
    }
}
