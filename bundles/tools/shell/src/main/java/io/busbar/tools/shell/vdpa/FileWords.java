package io.busbar.tools.shell.vdpa;

import io.busbar.tools.shell.Inventory;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names of files among a user's words: they are the caller's, whose working directory is not ours. */
public final class FileWords {

    private FileWords() {}

    /**
     * Returns a backend's words with absolute names.
     *
     * @param inventory where the backend says which of its words are files
     * @param backend   its name
     * @param deviceId  virtio device id of the device that it is for
     * @param words     its words
     * @param cwd       where relative names start
     * @throws IllegalArgumentException for what is no name; the message is for the user
     */
    public static Map<String, String> ofBackend(
            Inventory inventory, String backend, int deviceId, Map<String, String> words, Path cwd) {
        return absolute(words, ofBackend(inventory, backend, Set.of(ClassNames.ofClass(deviceId))), cwd);
    }

    static List<WordSpec> ofBackend(Inventory inventory, String backend, Set<String> types) {
        return inventory.backends().stream()
                .filter(factory -> factory.name().equals(backend) && types.contains(factory.type()))
                .flatMap(factory -> WordSpec.of(factory).stream())
                .toList();
    }

    static Map<String, String> absolute(Map<String, String> words, List<WordSpec> specs, Path cwd) {
        Map<String, String> absolute = new LinkedHashMap<>(words);
        specs.stream().filter(WordSpec::isFile).forEach(spec ->
                absolute.computeIfPresent(spec.name(), (word, file) -> absolute(word, file, cwd)));
        return absolute;
    }

    private static String absolute(String word, String file, Path cwd) {
        try {
            if (!file.isEmpty()) {
                return cwd.resolve(file).toString();
            }
        } catch (InvalidPathException _) {
            // Told below.
        }
        throw new IllegalArgumentException("\"" + file + "\" after \"" + word + "\" is no file name");
    }
}
