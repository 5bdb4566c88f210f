package io.busbar.runtime;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The configuration of one PID, as the configuration resources of OSGi (Compendium 8.1, chapter 150) write it:
 * {@code "key": value} or {@code "key:Type": value}, where a whole number without a type is a Long.
 *
 * @param pid the PID; {@code factory~name} for a factory configuration
 * @param properties keys and values
 */
public record PidProperties(String pid, Map<String, Object> properties) {

    /**
     * @param file an object of PID to properties
     * @throws UsageException if it is not that
     * @throws IOException if it cannot be read
     */
    public static List<PidProperties> read(Path file) throws UsageException, IOException {
        try {
            return all(JsonParser.parseString(Files.readString(file)).getAsJsonObject());
        } catch (RuntimeException e) { // Gson has a handful for data that is not what it should be
            throw new UsageException(file + " is not a configuration, an object of PID to properties: " + e.getMessage());
        }
    }

    /** @throws IllegalArgumentException if the object is not one of PID to properties */
    static List<PidProperties> all(JsonObject json) {
        var all = new ArrayList<PidProperties>();
        for (var entry : json.entrySet()) {
            // ':' starts the keys that are for configurators themselves, such as ":configurator:version".
            if (!entry.getKey().startsWith(":")) {
                all.add(new PidProperties(
                        entry.getKey(), properties(entry.getValue().getAsJsonObject())));
            }
        }
        return List.copyOf(all);
    }

    private static Map<String, Object> properties(JsonObject json) {
        var properties = new LinkedHashMap<String, Object>();
        for (var entry : json.entrySet()) {
            var key = entry.getKey();
            var colon = key.lastIndexOf(':');
            var name = colon < 0 ? key : key.substring(0, colon);
            var type = colon < 0 ? "" : key.substring(colon + 1);
            properties.put(name, value(key, type, entry.getValue()));
        }
        return properties;
    }

    private static Object value(String key, String type, JsonElement value) {
        return switch (value) {
            case JsonArray array when type.isEmpty() || type.equals("String[]") ->
                array.asList().stream().map(JsonElement::getAsString).toArray(String[]::new);
            case JsonPrimitive scalar -> scalar(key, type, scalar);
            default -> throw new IllegalArgumentException("\"" + key + "\" is " + value + ", a string, number, boolean or"
                    + " array of strings was expected");
        };
    }

    private static Object scalar(String key, String type, JsonPrimitive value) {
        return switch (type) {
            case "" -> untyped(value);
            case "String" -> value.getAsString();
            case "Boolean", "boolean" -> value.getAsBoolean();
            case "Integer", "int" -> value.getAsInt();
            case "Long", "long" -> value.getAsLong();
            case "Double", "double" -> value.getAsDouble();
            default -> throw new IllegalArgumentException("\"" + key + "\" has the type " + type
                    + ", one of String, Boolean, Integer, Long, Double, String[] was expected");
        };
    }

    private static Object untyped(JsonPrimitive value) {
        if (value.isBoolean()) {
            return value.getAsBoolean();
        }
        if (value.isString()) {
            return value.getAsString();
        }
        var number = value.getAsBigDecimal();
        return number.scale() <= 0 ? (Object) number.longValueExact() : (Object) number.doubleValue();
    }
}
