package io.busbar.backends.file;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The tests' class path, for other JVMs. */
final class ClassPath {

    private ClassPath() {
    }

    static String ofTests() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Copies the class path into a directory that everybody may read. */
    static String copiedTo(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<String> copies = new ArrayList<>();
        int number = 0;
        for (String entry : ofTests().split(File.pathSeparator)) {
            Path from = Path.of(entry);
            Path to = directory.resolve("classpath-" + number++ + (Files.isDirectory(from) ? "" : ".jar"));
            if (Files.exists(from) && !Files.exists(to)) {
                copy(from, to);
            }
            copies.add(to.toString());
        }
        return String.join(File.pathSeparator, copies);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }
}
