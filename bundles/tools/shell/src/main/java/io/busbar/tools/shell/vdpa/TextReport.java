package io.busbar.tools.shell.vdpa;

import java.util.List;

/** For people: one line a device, further rows indented by two blanks. */
final class TextReport implements Report {

    private static final String NEXT_ROW = "\n  ";

    private final StringBuilder text = new StringBuilder();
    private boolean first;

    @Override
    public void open(String section) {
        // Only JSON says what is shown.
    }

    @Override
    public void openHandle(String handle) {
        text.append(handle).append(": ");
        first = true;
    }

    @Override
    public void word(String key, Object value) {
        if (!first) {
            text.append(' ');
        }
        text.append(key).append(' ').append(value);
        first = false;
    }

    @Override
    public void cell(String key, Object value) {
        text.append(key).append(' ').append(value).append(' ');
        first = false;
    }

    @Override
    public void cellOfBlankKey(String key, Object value) {
        cell(key, value);
    }

    @Override
    public void row() {
        text.append(NEXT_ROW);
        first = true;
    }

    @Override
    public void words(String key, List<String> words) {
        text.append(NEXT_ROW).append(key);
        words.forEach(word -> text.append(' ').append(word));
        first = false;
    }

    @Override
    public void openGroup(String key) {
        // Rows are enough.
    }

    @Override
    public void closeGroup() {
        // Rows are enough.
    }

    @Override
    public void openList(String key) {
        // Rows are enough.
    }

    @Override
    public void openItem() {
        row();
    }

    @Override
    public void closeItem() {
        // The next one starts a row.
    }

    @Override
    public void closeList() {
        // Rows are enough.
    }

    @Override
    public void closeHandle() {
        text.append('\n');
    }

    @Override
    public void close() {
        // Only JSON says what is shown.
    }

    @Override
    public String finish() {
        return text.toString();
    }
}
