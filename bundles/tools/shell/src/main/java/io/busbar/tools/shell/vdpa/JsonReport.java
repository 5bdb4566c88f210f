package io.busbar.tools.shell.vdpa;

import io.busbar.tools.shell.JsonText;
import java.util.List;

/** For programs. A command that shows nothing still prints a line end, as the tool does. */
final class JsonReport implements Report {

    private final JsonText json;

    JsonReport(boolean pretty) {
        json = new JsonText(pretty);
    }

    @Override
    public void open(String section) {
        json.open().open(section);
    }

    @Override
    public void openHandle(String handle) {
        json.open(handle);
    }

    @Override
    public void word(String key, Object value) {
        json.property(key, value);
    }

    @Override
    public void cell(String key, Object value) {
        json.property(key, value);
    }

    @Override
    public void cellOfBlankKey(String key, Object value) {
        json.property(key + " ", value);
    }

    @Override
    public void row() {
        // One key a line, or none.
    }

    @Override
    public void words(String key, List<String> words) {
        json.words(key, words);
    }

    @Override
    public void openGroup(String key) {
        json.open(key);
    }

    @Override
    public void closeGroup() {
        json.close();
    }

    @Override
    public void openList(String key) {
        json.openArray(key);
    }

    @Override
    public void openItem() {
        json.open();
    }

    @Override
    public void closeItem() {
        json.close();
    }

    @Override
    public void closeList() {
        json.closeArray();
    }

    @Override
    public void closeHandle() {
        json.close();
    }

    @Override
    public void close() {
        json.close().close();
    }

    @Override
    public String finish() {
        return json.finish();
    }
}
