package io.busbar.tools.shell.vdpa;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** The words of a command, taken one by one, with the tool's rules of what matches and what is a number. */
final class Words {

    private static final int U16_MAX = 0xffff;
    private static final long U32_MAX = 0xffff_ffffL;

    private final Deque<String> rest;

    Words(List<String> words) {
        rest = new ArrayDeque<>(words);
    }

    boolean isEmpty() {
        return rest.isEmpty();
    }

    int size() {
        return rest.size();
    }

    String peek() {
        return rest.getFirst();
    }

    String next() {
        return rest.removeFirst();
    }

    /** Whether a word is the keyword or the start of it. */
    static boolean matches(String word, String keyword) {
        return !word.isEmpty() && keyword.startsWith(word);
    }

    /** Takes a string. */
    String string() throws Refusal {
        if (rest.isEmpty()) {
            throw Refusal.lines("String parameter expected");
        }
        return rest.removeFirst();
    }

    /** Takes a decimal number up to 65535; the tool says nothing about any other. */
    int u16() throws Refusal {
        OptionalLong value = decimal(number(), U16_MAX);
        return (int) value.orElseThrow(Refusal::silent);
    }

    /** Takes a decimal number up to 2^32 - 1. */
    long u32() throws Refusal {
        String word = number();
        return decimal(word, U32_MAX).orElseThrow(
                () -> Refusal.lines("\"" + word + "\" is no number: 0 to " + U32_MAX + " was expected"));
    }

    /** Takes a hexadecimal number of up to 64 bits, with or without {@code 0x}. */
    long u64Hex() throws Refusal {
        String word = number();
        String digits = word.startsWith("0x") || word.startsWith("0X") ? word.substring(2) : word;
        if (!digits.matches("[0-9a-fA-F]{1,16}")) {
            throw Refusal.lines("\"" + word + "\" is no hexadecimal number: up to 64 bits were expected");
        }
        return Long.parseUnsignedLong(digits, 16);
    }

    /** Takes a link layer address: up to six bytes in hexadecimal with colons between; what is missing is 0. */
    String lladdr() throws Refusal {
        String[] parts = string().split(":", -1);
        StringBuilder address = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            String part = i < parts.length ? parts[i] : "0";
            OptionalInt value = octet(part);
            if (value.isEmpty()) {
                throw Refusal.lines("\"" + part + "\" is invalid lladdr.");
            }
            address.append(i == 0 ? "" : ":").append(String.format("%02x", value.getAsInt()));
        }
        return address.toString();
    }

    private static OptionalInt octet(String part) {
        return part.matches("[0-9a-fA-F]{1,2}") ? OptionalInt.of(Integer.parseInt(part, 16)) : OptionalInt.empty();
    }

    /** A word that is left over is not ignored. */
    void end() throws Refusal {
        if (!rest.isEmpty()) {
            throw Refusal.lines("Unknown option \"" + rest.getFirst() + "\"");
        }
    }

    private static OptionalLong decimal(String word, long max) {
        if (!word.matches("[0-9]{1,18}") || Long.parseLong(word) > max) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(word));
    }

    private String number() throws Refusal {
        if (rest.isEmpty()) {
            throw Refusal.lines("number expected");
        }
        return rest.removeFirst();
    }
}
