package io.busbar.tools.plug;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The copies of bundles that are plugged in, and the list of those that come back at the next start: lines of a file's name, a tab
 * and where it is from, in the order in which they were installed.
 */
final class Shelf {

    private static final String LIST = "list";
    private static final String JAR = ".jar";

    private final Path directory;

    /**
     * A bundle that comes back.
     *
     * @param file its copy
     * @param from where it was from
     */
    record Kept(Path file, String from) {}

    /**
     * @param directory of the copies; it is made when it is needed
     */
    Shelf(Path directory) {
        this.directory = directory;
    }

    /** Returns the list. */
    List<Kept> load() throws PlugException {
        try {
            List<Kept> kept = new ArrayList<>();
            for (String line : Files.readAllLines(directory.resolve(LIST))) {
                int tab = line.indexOf('\t');
                if (tab > 0) {
                    kept.add(new Kept(directory.resolve(line.substring(0, tab)), line.substring(tab + 1)));
                }
            }
            return kept;
        } catch (NoSuchFileException _) {
            return List.of();
        } catch (IOException e) {
            throw new PlugException("the list of installed bundles " + directory.resolve(LIST) + " cannot be read: " + e, e);
        }
    }

    /** Writes the list, whole or not at all. */
    void save(List<Kept> kept) throws PlugException {
        String text = kept.stream().map(one -> one.file().getFileName() + "\t" + one.from() + "\n").collect(Collectors.joining());
        try {
            Files.createDirectories(directory);
            Path next = directory.resolve(LIST + ".new");
            Files.writeString(next, text);
            Files.move(next, directory.resolve(LIST), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new PlugException("the list of installed bundles " + directory.resolve(LIST) + " cannot be written: " + e, e);
        }
    }

    /** Copies a file; nobody but us writes to what is returned. */
    Path copy(Path source) throws PlugException {
        try {
            Files.createDirectories(directory);
            String name = source.getFileName().toString();
            String base = name.endsWith(JAR) ? name.substring(0, name.length() - JAR.length()) : name;
            Path copy = Files.createTempFile(directory, base + ".", JAR);
            Files.copy(source, copy, StandardCopyOption.REPLACE_EXISTING);
            return copy;
        } catch (IOException e) {
            throw new PlugException(source + " cannot be copied to " + directory + ": " + e, e);
        }
    }

    /** Removes a copy, if it is one. */
    void remove(Path file) throws PlugException {
        if (!file.startsWith(directory)) {
            return;
        }
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new PlugException(file + " cannot be removed: " + e, e);
        }
    }

    /** Removes all copies but those. */
    void sweep(Set<Path> used) throws PlugException {
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> copies = Files.newDirectoryStream(directory, "*" + JAR)) {
                for (Path copy : copies) {
                    if (!used.contains(copy)) {
                        Files.delete(copy);
                    }
                }
            } catch (IOException e) {
                throw new PlugException(directory + " cannot be tidied: " + e, e);
            }
        }
    }
}
