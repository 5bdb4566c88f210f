package io.busbar.tools.shell.vdpa;

import java.util.List;

/** What a show command prints, in one of two forms. Collected, and handed out as a whole. */
interface Report {

    /** Opens what is shown, such as {@code dev}: the outer key of JSON. */
    void open(String section);

    /** Opens one device. */
    void openHandle(String handle);

    /** Writes a field; in text, after a blank unless it is the first of its row. */
    void word(String key, Object value);

    /** Writes a field; in text, with a blank after it. */
    void cell(String key, Object value);

    /** Writes a field as {@link #cell}; in JSON with a key that ends in a blank, as the tool has two of them. */
    void cellOfBlankKey(String key, Object value);

    /** Goes to the next row of a device, in text. */
    void row();

    /** Writes a row of words. */
    void words(String key, List<String> words);

    /** Opens fields of their own, in JSON. */
    void openGroup(String key);

    /** Closes them. */
    void closeGroup();

    /** Opens an array of items. */
    void openList(String key);

    /** Opens an item: a row, in text. */
    void openItem();

    /** Closes the item. */
    void closeItem();

    /** Closes the array. */
    void closeList();

    /** Closes the device. */
    void closeHandle();

    /** Closes what is shown. */
    void close();

    /** Returns the whole. */
    String finish();
}
