package io.busbar.tools.shell;

import java.util.List;

/**
 * Writes JSON piece by piece, in the two layouts of iproute2: compact, and pretty with four blanks, one key a line and
 * arrays of words on one line ({@code [ "a","b" ]}).
 */
public final class JsonText {

    private static final String INDENT = "    ";

    private final StringBuilder text = new StringBuilder();
    private final boolean pretty;
    private int depth;
    private boolean empty = true;

    /**
     * Starts with nothing written.
     *
     * @param pretty the layout
     */
    public JsonText(boolean pretty) {
        this.pretty = pretty;
    }

    /** Opens an object: at the start, or as an element of an array. */
    public JsonText open() {
        separate();
        return begin();
    }

    /**
     * Opens an object as a property.
     *
     * @param key the property
     */
    public JsonText open(String key) {
        key(key);
        return begin();
    }

    /** Closes the innermost object. */
    public JsonText close() {
        depth--;
        if (!empty) {
            newLine();
        }
        text.append('}');
        empty = false;
        return this;
    }

    /**
     * Writes a property.
     *
     * @param key   the property
     * @param value a number or boolean as such, all else as a string
     */
    public JsonText property(String key, Object value) {
        key(key);
        value(value);
        empty = false;
        return this;
    }

    /**
     * Writes an array of words as a property.
     *
     * @param key   the property
     * @param words the elements
     */
    public JsonText words(String key, List<String> words) {
        key(key);
        text.append('[');
        if (pretty) {
            text.append(' ');
        }
        String separator = "";
        for (String word : words) {
            text.append(separator);
            quote(word);
            separator = ",";
        }
        if (pretty && !words.isEmpty()) {
            text.append(' ');
        }
        text.append(']');
        empty = false;
        return this;
    }

    /**
     * Opens an array of objects as a property; its elements are opened with {@link #open()}.
     *
     * @param key the property
     */
    public JsonText openArray(String key) {
        key(key);
        text.append('[');
        depth++;
        empty = true;
        return this;
    }

    /** Closes an array of objects. */
    public JsonText closeArray() {
        depth--;
        if (!empty) {
            newLine();
        }
        text.append(']');
        empty = false;
        return this;
    }

    /** Returns what was written, with a line end. */
    public String finish() {
        return text.append('\n').toString();
    }

    private JsonText begin() {
        text.append('{');
        depth++;
        empty = true;
        return this;
    }

    private void separate() {
        if (!empty) {
            text.append(',');
        }
        if (depth > 0) {
            newLine();
        }
    }

    private void key(String key) {
        separate();
        quote(key);
        text.append(pretty ? ": " : ":");
    }

    private void value(Object value) {
        if (value instanceof Number || value instanceof Boolean) {
            text.append(value);
        } else {
            quote(value.toString());
        }
    }

    private void newLine() {
        if (pretty) {
            text.append('\n').append(INDENT.repeat(depth));
        }
    }

    private void quote(String word) {
        text.append('"');
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\f' -> text.append("\\f");
                case '\b' -> text.append("\\b");
                default -> {
                    if (c < 0x20 || c == 0x7f) {
                        text.append(String.format("\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
