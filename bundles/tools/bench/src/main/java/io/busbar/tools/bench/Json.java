package io.busbar.tools.bench;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Values as JSON text, on one line (RFC 8259). */
public final class Json {

    private Json() {
    }

    /**
     * Writes a value.
     *
     * @param value a map with its keys in order, a list, a string, a number, a boolean or null
     * @return its text
     * @throws IllegalArgumentException for anything else, and for numbers that JSON does not have
     */
    public static String text(Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> map -> map.entrySet().stream()
                    .map(entry -> string(entry.getKey().toString()) + ":" + text(entry.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
            case List<?> list -> list.stream().map(Json::text).collect(Collectors.joining(",", "[", "]"));
            case String string -> string(string);
            case Double number when number.isNaN() || number.isInfinite() ->
                    throw new IllegalArgumentException("the number " + number + " has no text in JSON");
            case Number number -> number.toString();
            case Boolean truth -> truth.toString();
            default -> throw new IllegalArgumentException("a " + value.getClass().getName() + " has no text in JSON");
        };
    }

    private static String string(String text) {
        StringBuilder out = new StringBuilder(text.length() + 2).append('"');
        text.codePoints().forEach(c -> {
            if (c == '"' || c == '\\') {
                out.append('\\').appendCodePoint(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.append('"').toString();
    }
}
