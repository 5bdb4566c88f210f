package io.busbar.runtime;

import io.busbar.runtime.client.ControlConnection;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Devices that are declared in a file: a line each, in the words that follow {@code vdpa dev add}. What begins with {@code #} is a
 * comment. They are there for as long as this process runs; paths start from the file's folder.
 *
 * @param file   where they are declared, absolute
 * @param declarations the lines
 */
record DeviceFile(Path file, List<Declaration> declarations) {

    /**
     * A device.
     *
     * @param line  its line, from 1
     * @param words what follows {@code vdpa dev add}
     */
    record Declaration(int line, List<String> words) {}

    /**
     * Reads a file.
     *
     * @throws UsageException if it cannot be read, or a line's quotes do not end
     */
    static DeviceFile read(Path file) throws UsageException {
        var declarations = new ArrayList<Declaration>();
        var number = 0;
        for (var line : lines(file)) {
            number++;
            var words = new Words(line).all();
            if (words == null) {
                throw new UsageException("%s:%d: a quote has no end: %s".formatted(file, number, line.strip()));
            }
            if (!words.isEmpty()) {
                declarations.add(new Declaration(number, List.copyOf(words)));
            }
        }
        return new DeviceFile(file, List.copyOf(declarations));
    }

    private static List<String> lines(Path file) throws UsageException {
        try {
            return Files.readAllLines(file);
        } catch (CharacterCodingException _) {
            throw new UsageException("--devices " + file + " is no text: expected a line for each device, such as"
                    + " \"name disk0 mgmtdev sim_block backend file path disk0.img\"");
        } catch (IOException e) {
            throw new UsageException("--devices " + file + " cannot be read: " + reason(file, e));
        }
    }

    private static String reason(Path file, IOException e) {
        if (Files.notExists(file)) {
            return "there is no such file";
        }
        return Files.isDirectory(file) ? "it is a directory" : e.getMessage();
    }

    /**
     * Adds the devices, as a user would by command.
     *
     * @param control the control socket of this process
     * @throws UsageException if one cannot be added; the message has the file, the line and the command's sentence
     */
    void add(Path control) throws UsageException, IOException {
        try (var connection = ControlConnection.open(control, file.getParent())) {
            for (var declaration : declarations) {
                var words = new ArrayList<>(List.of("vdpa", "dev", "add"));
                words.addAll(declaration.words());
                words.add("--volatile");
                var error = new StringBuilder();
                var exit = connection.run(words, 0, _ -> {}, error::append);
                if (exit != 0) {
                    throw new UsageException(
                            "%s:%d: %s".formatted(file, declaration.line(), FirstDisk.sentence(error.toString(), exit)));
                }
            }
        }
    }

    /** The words of a line: blanks part them, quotes of either kind keep them together. */
    private static final class Words {
        private final String line;
        private final List<String> words = new ArrayList<>();
        private StringBuilder word;

        Words(String line) {
            this.line = line;
        }

        /** Returns null if a quote has no end. */
        List<String> all() {
            var quote = '\0';
            for (var c : line.toCharArray()) {
                if (quote != '\0') {
                    if (c == quote) {
                        quote = '\0';
                    } else {
                        word.append(c);
                    }
                } else if (c == '#' && word == null) {
                    break;
                } else if (Character.isWhitespace(c)) {
                    end();
                } else {
                    begin();
                    if (c == '"' || c == '\'') {
                        quote = c;
                    } else {
                        word.append(c);
                    }
                }
            }
            end();
            return quote == '\0' ? words : null;
        }

        private void begin() {
            if (word == null) {
                word = new StringBuilder();
            }
        }

        private void end() {
            if (word != null) {
                words.add(word.toString());
                word = null;
            }
        }
    }
}
