package io.busbar.tools.plug;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A feature (OSGi Compendium 8.1, chapter 159), of which the bundles count. */
final class FeatureFile {

    private FeatureFile() {}

    /**
     * Reads a feature.
     *
     * @param file the JSON
     * @return coordinates of its bundles, in their order
     * @throws PlugException if it is none
     */
    static List<String> bundles(Path file) throws PlugException {
        try {
            JsonObject feature = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            List<String> bundles = new ArrayList<>();
            for (JsonElement bundle : feature.getAsJsonArray("bundles")) {
                bundles.add(bundle.isJsonPrimitive() ? bundle.getAsString() : bundle.getAsJsonObject().get("id").getAsString());
            }
            return bundles;
        } catch (IOException e) {
            throw new PlugException(file + " cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) { // Gson has a handful for data that is not what it should be
            throw new PlugException(file + " is no OSGi feature with \"bundles\": " + e.getMessage(), e);
        }
    }
}
