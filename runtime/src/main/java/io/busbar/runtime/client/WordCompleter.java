package io.busbar.runtime.client;

import java.io.IOException;
import java.util.List;
import org.jline.builtins.Completers.FileNameCompleter;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/**
 * Words that the running Busbar proposes; where it knows none, files. Once it has ended there are none: that it has is
 * what the next line is answered with.
 */
final class WordCompleter implements Completer {
    private final ControlConnection connection;
    private final FileNameCompleter files = new FileNameCompleter();

    WordCompleter(ControlConnection connection) {
        this.connection = connection;
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        List<String> words;
        try {
            words = connection.complete(line.line().substring(0, line.cursor()));
        } catch (IOException _) {
            return;
        }
        words.forEach(word -> candidates.add(new Candidate(word)));
        if (words.isEmpty() && line.wordIndex() > 0) {
            files.complete(reader, line, candidates);
        }
    }
}
