package io.busbar.tools.cardos;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the system says, line by line: to every console, to the log, and to consoles that come later. Safe for any thread. */
final class Messages {

    private static final Logger LOG = LoggerFactory.getLogger(Messages.class);
    private static final int MOST = 500;

    private final String bus;
    private final Deque<String> lines = new ArrayDeque<>();
    private final List<Consumer<String>> readers = new ArrayList<>();

    Messages(String bus) {
        this.bus = bus;
    }

    synchronized void say(String line) {
        LOG.info("{}: {}", bus, line);
        if (lines.size() == MOST) {
            lines.removeFirst();
        }
        lines.addLast(line);
        readers.forEach(reader -> reader.accept(line));
    }

    /** Tells somebody all that was said, and from now on what is said; it must not wait. */
    synchronized void addReader(Consumer<String> reader) {
        lines.forEach(reader);
        readers.add(reader);
    }

    synchronized void removeReader(Consumer<String> reader) {
        readers.remove(reader);
    }

    /** Returns what was said last. */
    synchronized List<String> last() {
        return List.copyOf(lines);
    }

    /** A new beginning: consoles that come are not told of what was before. */
    synchronized void clear() {
        lines.clear();
    }
}
