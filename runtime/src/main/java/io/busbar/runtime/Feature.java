package io.busbar.runtime;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One OSGi feature (OSGi Compendium 8.1, chapter 159): bundles and configurations that belong together.
 *
 * @param name the file's name without its end
 * @param bundles what is installed
 * @param configurations what is put into ConfigurationAdmin before bundles above the first start level start
 */
public record Feature(String name, List<BundleId> bundles, List<PidProperties> configurations) {
    /** The highest start level that a bundle can have. */
    public static final int LAST_START_LEVEL = 9;

    private static final String START_LEVEL = "bundleStartLevel";

    /**
     * A bundle of the distribution.
     *
     * @param fileName its file in {@code bundles/}
     * @param startLevel the start level that it starts at, 1 to {@value Feature#LAST_START_LEVEL}
     */
    public record BundleId(String fileName, int startLevel) {}

    /**
     * @param file a feature's JSON
     * @throws UsageException if it is no feature
     * @throws IOException if it cannot be read
     */
    public static Feature read(Path file) throws UsageException, IOException {
        try {
            var json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            var bundles = new ArrayList<BundleId>();
            if (json.has("bundles")) {
                for (var bundle : json.getAsJsonArray("bundles")) {
                    bundles.add(bundle(bundle.getAsJsonObject()));
                }
            }
            var configurations = json.has("configurations")
                    ? PidProperties.all(json.getAsJsonObject("configurations"))
                    : List.<PidProperties>of();
            var name = file.getFileName().toString();
            return new Feature(name.substring(0, name.lastIndexOf('.')), List.copyOf(bundles), configurations);
        } catch (RuntimeException e) { // Gson has a handful for data that is not what it should be
            throw new UsageException(file + " is not an OSGi feature: " + e.getMessage());
        }
    }

    /**
     * @param directory has the features' files, which end in {@code .json}
     * @return at least one feature, by the names of the files
     * @throws UsageException if there is none, or a file is no feature
     * @throws IOException if one cannot be read
     */
    public static List<Feature> readAll(Path directory) throws UsageException, IOException {
        var features = new ArrayList<Feature>();
        for (var file : Settings.jsonFiles(directory)) {
            features.add(read(file));
        }
        if (features.isEmpty()) {
            throw new UsageException("no features in " + directory + ", a distribution of Busbar was expected");
        }
        return features;
    }

    private static BundleId bundle(JsonObject bundle) {
        JsonElement id = bundle.get("id");
        if (id == null) {
            throw new IllegalArgumentException("a bundle has no \"id\": " + bundle);
        }
        var parts = id.getAsString().split(":", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("the bundle id \"" + id.getAsString() + "\" is not group:artifact:version");
        }
        var level = bundle.has(START_LEVEL) ? bundle.get(START_LEVEL).getAsInt() : 1;
        if (level < 1 || level > LAST_START_LEVEL) {
            throw new IllegalArgumentException(
                    "the start level " + level + " of " + id + " is not one of 1 to " + LAST_START_LEVEL);
        }
        return new BundleId(parts[1] + "-" + parts[2] + ".jar", level);
    }
}
