package io.busbar.tools.cardos;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * The line that is typed at a console. It echoes what can be printed; backspace takes the last character away, ^U and ^C all of them.
 * Other control characters, and escape sequences of keys, are left out. One thread at a time.
 */
final class LineEditor {

    private static final int MOST = 1024;
    private static final int BACKSPACE = 8;
    private static final int ESCAPE = 27;
    private static final int DELETE = 127;
    private static final int INTERRUPT = 3;
    private static final int KILL = 21;
    private static final String RUB_OUT = "\b \b";

    private enum Escape { NONE, BEGUN, SEQUENCE }

    private final Consumer<String> echo;
    private final StringBuilder line = new StringBuilder();
    private Escape escape = Escape.NONE;
    private boolean afterReturn;

    /**
     * Makes an empty line.
     *
     * @param echo what is to be seen
     */
    LineEditor(Consumer<String> echo) {
        this.echo = echo;
    }

    /** Returns what is there of a line that is not complete. */
    String begun() {
        return line.toString();
    }

    /**
     * Takes a byte that was typed.
     *
     * @return the line, if this byte has ended it: a carriage return, a line feed, or both
     */
    Optional<String> type(byte typed) {
        boolean secondOfTwo = afterReturn && typed == '\n';
        afterReturn = typed == '\r';
        if (secondOfTwo || isOfSequence(typed)) {
            return Optional.empty();
        }
        if (typed == '\r' || typed == '\n') {
            return Optional.of(end());
        }
        edit(typed & 0xff);
        return Optional.empty();
    }

    private String end() {
        String whole = line.toString();
        line.setLength(0);
        echo.accept("\r\n");
        return whole;
    }

    private void edit(int character) {
        if (character == BACKSPACE || character == DELETE) {
            if (!line.isEmpty()) {
                line.setLength(line.length() - 1);
                echo.accept(RUB_OUT);
            }
        } else if (character == KILL || character == INTERRUPT) {
            echo.accept(RUB_OUT.repeat(line.length()));
            line.setLength(0);
        } else if (character >= ' ' && line.length() < MOST) {
            line.append((char) character);
            echo.accept(String.valueOf((char) character));
        }
    }

    /** Keys that are no characters come as ESC [ or ESC O, numbers, and a letter or ~ (ECMA-48, 5.4). */
    private boolean isOfSequence(byte typed) {
        switch (escape) {
            case NONE -> escape = typed == ESCAPE ? Escape.BEGUN : Escape.NONE;
            case BEGUN -> {
                escape = typed == '[' || typed == 'O' ? Escape.SEQUENCE : Escape.NONE;
                return true;
            }
            default -> {
                escape = typed >= '@' && typed <= '~' ? Escape.NONE : Escape.SEQUENCE;
                return true;
            }
        }
        return escape == Escape.BEGUN;
    }
}
