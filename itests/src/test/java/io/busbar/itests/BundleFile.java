package io.busbar.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

/** A bundle's jar, and others made of it that differ in their manifest. */
public record BundleFile(Path jar, Map<String, String> headers) {

    /** One of the distribution, such as {@code io.busbar.backends.file}. */
    public static BundleFile ofDistribution(String name) {
        return of(Distribution.home().resolve("bundles"), name);
    }

    /** One of the examples, such as {@code ram-disk}. */
    public static BundleFile ofExample(String name) {
        return of(Path.of(System.getProperty("busbar.source"), "examples", name, "target"), "io.busbar.examples." + name);
    }

    private static BundleFile of(Path directory, String name) {
        try (var jars = Files.newDirectoryStream(directory, name + "-*.jar")) {
            return new BundleFile(jars.iterator().next(), Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same with a header of another value; behind a plus it is added to what is there. */
    public BundleFile with(String header, String value) {
        var next = new LinkedHashMap<>(headers);
        next.put(header, value);
        return new BundleFile(jar, next);
    }

    /** The same with another version. */
    public BundleFile version(String version) {
        return with("Bundle-Version", version);
    }

    /** Writes it. */
    public Path write(Path target) {
        try (var from = new JarFile(jar.toFile())) {
            var manifest = new Manifest(from.getManifest());
            headers.forEach((header, value) -> manifest.getMainAttributes().putValue(
                    header, value.startsWith("+") ? manifest.getMainAttributes().getValue(header) + value.substring(1) : value));
            try (var to = new JarOutputStream(Files.newOutputStream(target), manifest)) {
                for (Enumeration<JarEntry> entries = from.entries(); entries.hasMoreElements(); ) {
                    var entry = entries.nextElement();
                    if (!entry.getName().equals(JarFile.MANIFEST_NAME)) {
                        to.putNextEntry(new JarEntry(entry.getName()));
                        from.getInputStream(entry).transferTo(to);
                        to.closeEntry();
                    }
                }
            }
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
