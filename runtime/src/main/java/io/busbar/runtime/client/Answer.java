package io.busbar.runtime.client;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * One line of an answer: a JSON object with the fields of the protocol; others are skipped if they are strings, numbers
 * or arrays of strings.
 *
 * @param out text for the standard output, or empty
 * @param err text for the standard error, or empty
 * @param exit the exit status, {@link #NONE} before the last line
 * @param candidates words that fit
 * @param input 1: the command wants what is typed; 0: it wants no more, and waits for that to be said; else {@link #NONE}
 * @param data bytes to show, in Base64
 */
record Answer(String out, String err, int exit, List<String> candidates, int input, String data) {
    static final int NONE = -1;

    boolean isLast() {
        return exit != NONE;
    }

    /** Returns the bytes to show. */
    byte[] bytes() throws IOException {
        try {
            return Base64.getDecoder().decode(data);
        } catch (IllegalArgumentException e) {
            throw new IOException("not Base64: " + data, e);
        }
    }

    /**
     * @param line a line without its end
     * @throws IOException if it is no answer
     */
    static Answer parse(String line) throws IOException {
        return new Reader(line).read();
    }

    private static final class Reader {
        private static final int HEX_DIGITS = 4;

        private final String line;
        private int at;
        private String out = "";
        private String err = "";
        private int exit = NONE;
        private List<String> candidates = List.of();
        private int input = NONE;
        private String data = "";

        Reader(String line) {
            this.line = line;
        }

        Answer read() throws IOException {
            expect('{');
            if (!taken('}')) {
                do {
                    field();
                } while (taken(','));
                expect('}');
            }
            if (at != line.length()) {
                throw wrong();
            }
            return new Answer(out, err, exit, candidates, input, data);
        }

        private void field() throws IOException {
            var key = string();
            expect(':');
            switch (key) {
                case "out" -> out = string();
                case "err" -> err = string();
                case "exit" -> exit = number();
                case "input" -> input = number();
                case "data" -> data = string();
                case "candidates" -> candidates = strings();
                default -> skip();
            }
        }

        private void skip() throws IOException {
            switch (next()) {
                case '"' -> string();
                case '[' -> strings();
                default -> number();
            }
        }

        private List<String> strings() throws IOException {
            var strings = new ArrayList<String>();
            expect('[');
            if (!taken(']')) {
                do {
                    strings.add(string());
                } while (taken(','));
                expect(']');
            }
            return strings;
        }

        private int number() throws IOException {
            var start = at;
            while (next() == '-' || next() >= '0' && next() <= '9') {
                at++;
            }
            try {
                return Integer.parseInt(line, start, at, 10);
            } catch (NumberFormatException _) {
                throw wrong();
            }
        }

        private String string() throws IOException {
            expect('"');
            var text = new StringBuilder();
            while (next() != '"') {
                if (at == line.length()) {
                    throw wrong();
                }
                text.append(taken('\\') ? escaped() : line.charAt(at++));
            }
            at++;
            return text.toString();
        }

        private char escaped() throws IOException {
            var c = next();
            at++;
            return switch (c) {
                case '"', '\\', '/' -> c;
                case 'n' -> '\n';
                case 't' -> '\t';
                case 'r' -> '\r';
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'u' -> unicode();
                default -> throw wrong();
            };
        }

        private char unicode() throws IOException {
            try {
                var c = (char) Integer.parseInt(line, at, at + HEX_DIGITS, 16);
                at += HEX_DIGITS;
                return c;
            } catch (NumberFormatException | IndexOutOfBoundsException _) {
                throw wrong();
            }
        }

        private char next() {
            return at < line.length() ? line.charAt(at) : 0;
        }

        private boolean taken(char c) {
            if (next() != c) {
                return false;
            }
            at++;
            return true;
        }

        private void expect(char c) throws IOException {
            if (!taken(c)) {
                throw wrong();
            }
        }

        private IOException wrong() {
            return new IOException("not an answer of a control socket: " + line);
        }
    }
}
