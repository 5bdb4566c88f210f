package io.busbar.drivers.x100;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A line of a table: names and values, in order; numbers, truths or words. */
final class Row {

    private final Map<String, Object> cells = new LinkedHashMap<>();

    Row with(String name, Object value) {
        cells.put(name, value);
        return this;
    }

    static JsonArray json(List<Row> rows) {
        JsonArray array = new JsonArray();
        rows.forEach(row -> {
            JsonObject object = new JsonObject();
            row.cells.forEach((name, value) -> object.add(name, json(value)));
            array.add(object);
        });
        return array;
    }

    private static JsonElement json(Object value) {
        return switch (value) {
            case Number number -> new JsonPrimitive(number);
            case Boolean truth -> new JsonPrimitive(truth);
            default -> new JsonPrimitive(value.toString());
        };
    }

    /** Returns a table with a line of names; numbers are to the right. */
    static String text(List<Row> rows) {
        if (rows.isEmpty()) {
            return "";
        }
        List<String> names = List.copyOf(rows.getFirst().cells.keySet());
        List<List<String>> lines = new ArrayList<>();
        lines.add(names);
        rows.forEach(row -> lines.add(row.cells.values().stream().map(Object::toString).toList()));
        int[] widths = IntStream.range(0, names.size())
                .map(column -> lines.stream().mapToInt(line -> line.get(column).length()).max().orElse(0))
                .toArray();
        StringBuilder text = new StringBuilder();
        for (List<String> line : lines) {
            StringBuilder padded = new StringBuilder();
            for (int column = 0; column < widths.length; column++) {
                String cell = line.get(column);
                String blanks = " ".repeat(widths[column] - cell.length());
                boolean right = rows.getFirst().cells.get(names.get(column)) instanceof Number;
                padded.append(right ? blanks + cell : cell + blanks).append("  ");
            }
            text.append(padded.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
