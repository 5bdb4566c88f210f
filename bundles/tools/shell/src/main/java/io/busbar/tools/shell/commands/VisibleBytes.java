package io.busbar.tools.shell.commands;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Makes bytes harmless for a terminal: text and line ends stay, what could do something else is written out, {@code ESC} as
 * {@code ^[}, what is no UTF-8 as {@code \x80}. A character may come in pieces. For one thread at a time.
 */
final class VisibleBytes {

    private static final int DELETE = 0x7f;
    private static final int LAST_ASCII = 0x7f;
    private static final int CARET = 0x40;
    private static final String HARMLESS = "\n\r\t\b";

    private final byte[] character = new byte[4];
    private int have;
    private int needed;

    /**
     * Takes bytes on.
     *
     * @param bytes  what came
     * @param length how many of them
     * @return what to show; the begin of a character is kept
     */
    byte[] show(byte[] bytes, int length) {
        ByteArrayOutputStream shown = new ByteArrayOutputStream(length);
        for (int i = 0; i < length; i++) {
            take(bytes[i], shown);
        }
        return shown.toByteArray();
    }

    private void take(byte next, ByteArrayOutputStream shown) {
        boolean continues = (next & 0xc0) == 0x80;
        if (have > 0 && !continues) {
            hex(shown);
        }
        if (have == 0) {
            needed = bytesOf(next);
        }
        character[have++] = next;
        if (needed == 0) {
            hex(shown);
        } else if (have == needed) {
            whole(shown);
        }
    }

    /** Returns how many bytes a character has that begins so; 0 if none does. */
    private static int bytesOf(byte first) {
        int value = Byte.toUnsignedInt(first);
        if (value <= LAST_ASCII) {
            return 1;
        }
        return value < 0xc2 || value > 0xf4 ? 0 : value < 0xe0 ? 2 : value < 0xf0 ? 3 : 4;
    }

    private void whole(ByteArrayOutputStream shown) {
        byte[] bytes = Arrays.copyOf(character, have);
        String text = new String(bytes, StandardCharsets.UTF_8);
        int point = text.codePointAt(0);
        if (!Arrays.equals(bytes, text.getBytes(StandardCharsets.UTF_8))) {
            hex(shown);
        } else if (point < ' ' && HARMLESS.indexOf(point) < 0 || point == DELETE) {
            shown.write('^');
            shown.write(point ^ CARET);
            have = 0;
        } else if (point <= LAST_ASCII || isText(point)) {
            shown.writeBytes(bytes);
            have = 0;
        } else {
            hex(shown);
        }
    }

    /** Neither a control character of the upper half nor one that turns the direction of a line around. */
    private static boolean isText(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    private void hex(ByteArrayOutputStream shown) {
        for (int i = 0; i < have; i++) {
            shown.writeBytes(("\\x" + HexFormat.of().toHexDigits(character[i])).getBytes(StandardCharsets.US_ASCII));
        }
        have = 0;
    }
}
