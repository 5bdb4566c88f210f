package io.busbar.runtime.client;

import java.util.List;
import java.util.StringJoiner;

/** A JSON object on one line, written field by field. A client starts for each command, a JSON library would be half of it. */
final class JsonLine {
    private final StringJoiner fields = new StringJoiner(",", "{", "}");

    JsonLine number(String key, int value) {
        fields.add(quote(key) + ":" + value);
        return this;
    }

    JsonLine text(String key, String value) {
        fields.add(quote(key) + ":" + quote(value));
        return this;
    }

    JsonLine words(String key, List<String> values) {
        var array = new StringJoiner(",", "[", "]");
        values.forEach(value -> array.add(quote(value)));
        fields.add(quote(key) + ":" + array);
        return this;
    }

    private static String quote(String text) {
        var quoted = new StringBuilder(text.length() + 2).append('"');
        for (var i = 0; i < text.length(); i++) {
            var c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                var hex = Integer.toHexString(c);
                quoted.append("\\u").repeat("0", 4 - hex.length()).append(hex);
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    @Override
    public String toString() {
        return fields.toString();
    }
}
