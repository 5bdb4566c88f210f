package io.busbar.tools.shell.commands;

/** Lines of sixteen bytes: offset, hexadecimal, and what can be printed. */
final class Hexdump {

    private static final int ROW = 16;
    private static final int FIRST_PRINTABLE = 0x20;
    private static final int LAST_PRINTABLE = 0x7e;

    private Hexdump() {
    }

    /**
     * Returns lines for bytes.
     *
     * @param offset of the first
     * @param bytes  the bytes
     */
    static String of(long offset, byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (int from = 0; from < bytes.length; from += ROW) {
            row(text, offset + from, bytes, from, Math.min(ROW, bytes.length - from));
        }
        return text.toString();
    }

    private static void row(StringBuilder text, long offset, byte[] bytes, int from, int count) {
        text.append(String.format("%08x ", offset));
        for (int i = 0; i < ROW; i++) {
            text.append(i == ROW / 2 ? "  " : " ");
            text.append(i < count ? String.format("%02x", bytes[from + i]) : "  ");
        }
        text.append("  |");
        for (int i = 0; i < count; i++) {
            int value = Byte.toUnsignedInt(bytes[from + i]);
            text.append(value >= FIRST_PRINTABLE && value <= LAST_PRINTABLE ? (char) value : '.');
        }
        text.append("|\n");
    }
}
