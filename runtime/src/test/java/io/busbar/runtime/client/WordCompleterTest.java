package io.busbar.runtime.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.busbar.tools.shell.Dialogue;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.Output;
import io.busbar.tools.shell.control.ControlServer;
import io.busbar.tools.shell.control.Session;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jline.reader.Candidate;
import org.jline.reader.impl.DefaultParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class WordCompleterTest {
    @TempDir
    private Path directory;

    /** Proposes what was typed, with an exclamation mark. */
    private static final class Echo implements Session {
        @Override
        public int run(Invocation call) {
            return 0;
        }

        @Override
        public int line(String line, Path cwd, int columns, Output output, Optional<Dialogue> dialogue) {
            return 0;
        }

        @Override
        public List<String> complete(String text) {
            return List.of(text + "!");
        }

        @Override
        public void close() {}
    }

    private static List<String> proposals(WordCompleter completer, String line) {
        var candidates = new ArrayList<Candidate>();
        completer.complete(null, new DefaultParser().parse(line, line.length()), candidates);
        return candidates.stream().map(Candidate::value).toList();
    }

    @Test
    void the_running_busbar_proposes_words_and_one_that_has_ended_proposes_none() throws IOException {
        var socket = directory.resolve("control.sock");
        var server = ControlServer.open(socket, Echo::new);
        var nobody = new PipeTypist(InputStream.nullInputStream(), System.out, System.err);
        try (var connection = ControlConnection.open(socket)) {
            var completer = new WordCompleter(connection);
            assertThat(proposals(completer, "vdpa")).containsExactly("vdpa!");

            server.close();

            assertThat(proposals(completer, "vdpa")).isEmpty();
            assertThat(proposals(completer, "vdpa dev")).isEmpty();
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> connection.line("status", 0, _ -> {}, _ -> {}, nobody))
                    .withMessage("Busbar has ended, or closed the control connection, before the command was answered");
        } finally {
            server.close();
        }
    }
}
