package io.busbar.runtime;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * A stream whose lines go elsewhere: what bundles print, such as the reasons that the component runtime has for a
 * component that did not start, belongs into the log of a Busbar that has no terminal.
 */
final class LoggedOutput extends OutputStream {
    private final Consumer<String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /** @param lines takes each line, without its end; empty ones are left out */
    LoggedOutput(Consumer<String> lines) {
        this.lines = lines;
    }

    @Override
    public synchronized void write(int b) {
        if (b != '\n') {
            line.write(b);
        } else if (line.size() > 0) {
            var text = line.toString(StandardCharsets.UTF_8).stripTrailing();
            line.reset();
            lines.accept(text);
        }
    }
}
