package io.busbar.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/** The distribution under test with another version: of its files, of what its features name, and of each of our bundles. */
public final class NewerDistribution {

    private static final String OURS = "io.busbar.";
    private static final String VERSION = "Bundle-Version";

    private NewerDistribution() {}

    /**
     * Makes it.
     *
     * @param folder  gets it
     * @param version such as {@code 9.8.7}
     */
    public static Path make(Path folder, String version) throws IOException {
        Path from = Distribution.home();
        String old = oldVersion(from);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                copy(file, folder.resolve(from.relativize(file).toString().replace(old, version)), old, version);
            }
        }
        return folder;
    }

    /** As the file of the launcher has it. */
    private static String oldVersion(Path home) throws IOException {
        try (Stream<Path> files = Files.list(home.resolve("lib"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("io\\.busbar\\.runtime-.*\\.jar"))
                    .map(name -> name.substring("io.busbar.runtime-".length(), name.length() - ".jar".length()))
                    .findFirst().orElseThrow();
        }
    }

    private static void copy(Path from, Path to, String old, String version) throws IOException {
        String name = from.getFileName().toString();
        if (Files.isDirectory(from)) {
            Files.createDirectories(to);
        } else if (name.startsWith(OURS) && name.endsWith(".jar")) {
            repack(from, to, version);
        } else if (name.endsWith(".json")) {
            Files.writeString(to, Files.readString(from).replace(":" + old, ":" + version));
        } else {
            Files.copy(from, to);
            Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from));
        }
    }

    private static void repack(Path from, Path to, String version) throws IOException {
        try (JarFile jar = new JarFile(from.toFile())) {
            Manifest manifest = jar.getManifest();
            if (manifest.getMainAttributes().getValue(VERSION) != null) {
                manifest.getMainAttributes().putValue(VERSION, version);
            }
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(to), manifest)) {
                jar.stream().filter(entry -> !entry.getName().equals(JarFile.MANIFEST_NAME)).forEach(entry -> add(jar, entry, out));
            }
        }
    }

    private static void add(JarFile jar, JarEntry entry, JarOutputStream out) {
        try {
            out.putNextEntry(new JarEntry(entry.getName()));
            jar.getInputStream(entry).transferTo(out);
            out.closeEntry();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
