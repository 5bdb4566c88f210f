package io.busbar.tools.plug;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Where bundles are found: a file by its path, or by coordinates in the distribution and in the local Maven repository.
 *
 * @param bundles    the distribution's bundles
 * @param repository the local Maven repository
 */
record Sources(Path bundles, Path repository) {

    private static final Pattern COORDINATES = Pattern.compile("[\\w.-]+:[\\w.-]+:[\\w.-]+");
    private static final String FEATURE = ".json";

    /**
     * A bundle that was found.
     *
     * @param file its jar
     * @param from where it is from, as the user is told
     */
    record Source(Path file, String from) {}

    /**
     * Finds what a user named.
     *
     * @param word      a path, coordinates, or the path of a feature file
     * @param directory where relative paths start
     * @return one, or all that the feature lists
     * @throws PlugException if one of them is not there
     */
    List<Source> find(String word, Path directory) throws PlugException {
        if (COORDINATES.matcher(word).matches()) {
            return List.of(coordinates(word));
        }
        Path file = path(word, directory);
        if (!Files.isRegularFile(file)) {
            throw new PlugException("\"" + word + "\" is not there: a bundle's jar, a feature file or GROUP:ARTIFACT:VERSION was"
                    + " expected");
        }
        return word.endsWith(FEATURE) ? feature(file) : List.of(new Source(file, file.toString()));
    }

    private static Path path(String word, Path directory) throws PlugException {
        try {
            return directory.resolve(word).toAbsolutePath().normalize();
        } catch (InvalidPathException wrong) {
            throw new PlugException("\"" + word + "\" is no path: " + wrong.getReason(), wrong);
        }
    }

    private List<Source> feature(Path file) throws PlugException {
        List<Source> found = new ArrayList<>();
        for (String coordinates : FeatureFile.bundles(file)) {
            if (!COORDINATES.matcher(coordinates).matches()) {
                throw new PlugException(file + " lists \"" + coordinates + "\": GROUP:ARTIFACT:VERSION was expected");
            }
            found.add(coordinates(coordinates));
        }
        return found;
    }

    private Source coordinates(String word) throws PlugException {
        String[] parts = word.split(":");
        String name = parts[1] + "-" + parts[2] + ".jar";
        List<Path> places = List.of(
                bundles.resolve(name),
                repository.resolve(parts[0].replace('.', '/')).resolve(parts[1]).resolve(parts[2]).resolve(name));
        for (Path place : places) {
            if (Files.isRegularFile(place)) {
                return new Source(place, word);
            }
        }
        throw new PlugException("\"" + word + "\" is neither in the distribution nor in the local Maven repository: one of "
                + places.get(0) + " and " + places.get(1) + " was expected");
    }
}
