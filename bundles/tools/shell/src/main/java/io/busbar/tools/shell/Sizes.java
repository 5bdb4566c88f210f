package io.busbar.tools.shell;

import java.util.OptionalLong;

/** Sizes as a user writes them: digits and an optional {@code K}, {@code M}, {@code G} or {@code T}, powers of 1024. */
public final class Sizes {

    /** What a size looks like, for error messages. */
    public static final String EXPECTED = "a size was expected: digits and an optional K, M, G or T (powers of 1024)";

    private static final String UNITS = "KMGT";

    private Sizes() {
    }

    /**
     * Reads a size.
     *
     * @param text as the user wrote it
     * @return bytes, above 0; empty if it is no size or does not fit into 63 bits
     */
    public static OptionalLong parse(String text) {
        int unit = text.isEmpty() ? -1 : UNITS.indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
        String digits = unit < 0 ? text : text.substring(0, text.length() - 1);
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return OptionalLong.empty();
        }
        try {
            long size = Math.multiplyExact(Long.parseLong(digits), 1L << 10 * (unit + 1));
            return size > 0 ? OptionalLong.of(size) : OptionalLong.empty();
        } catch (ArithmeticException | NumberFormatException _) {
            return OptionalLong.empty();
        }
    }
}
