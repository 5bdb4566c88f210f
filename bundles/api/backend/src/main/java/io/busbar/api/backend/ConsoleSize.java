package io.busbar.api.backend;

/**
 * The size of a terminal (virtio 1.2, 5.3.4).
 *
 * @param columns characters in a line, 1 to 65 535
 * @param rows    lines, 1 to 65 535
 */
public record ConsoleSize(int columns, int rows) {

    private static final int MAX = 65_535;

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException naming the value that is out of its range
     */
    public ConsoleSize {
        check("columns", columns);
        check("rows", rows);
    }

    private static void check(String name, int value) {
        if (value < 1 || value > MAX) {
            throw new IllegalArgumentException(name + " " + value + ": expected 1 to " + MAX);
        }
    }
}
