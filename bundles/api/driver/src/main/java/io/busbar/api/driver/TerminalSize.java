package io.busbar.api.driver;

/**
 * The size of a terminal.
 *
 * @param columns characters in a line, 1 to 65 535
 * @param rows    lines, 1 to 65 535
 */
public record TerminalSize(int columns, int rows) {}
