package io.busbar.runtime.client;

import java.io.IOException;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.TerminalBuilder;

/** The shell in a terminal: line editor, history, completion by asking the running Busbar. Ctrl-D ends it. */
final class Terminal {
    private static final String PROMPT = "busbar> ";

    private final ControlConnection connection;
    private final Path history;

    Terminal(ControlConnection connection, Path history) {
        this.connection = connection;
        this.history = history;
    }

    /** Returns the exit status of the last line. */
    int run() throws IOException {
        var status = 0;
        try (var terminal = TerminalBuilder.builder().name("busbar").system(true).build()) {
            var reader = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .appName("busbar")
                    .parser(new DefaultParser().eofOnUnclosedQuote(false))
                    .completer(new WordCompleter(connection))
                    .variable(LineReader.HISTORY_FILE, history)
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .option(LineReader.Option.AUTO_FRESH_LINE, true)
                    .build();
            var typist = TerminalTypist.at(terminal);
            for (var line = read(reader); line != null && !PlainShell.isExit(line); line = read(reader)) {
                if (!PlainShell.isEmpty(line)) {
                    status = connection.line(
                            line, terminal.getWidth(), terminal.writer()::print, terminal.writer()::print, typist);
                    terminal.flush();
                }
            }
        }
        return status;
    }

    /** Returns the next line, empty after Ctrl-C; null at the end of the input. */
    private static String read(LineReader reader) {
        try {
            return reader.readLine(PROMPT);
        } catch (UserInterruptException _) {
            return "";
        } catch (EndOfFileException _) {
            return null;
        }
    }
}
