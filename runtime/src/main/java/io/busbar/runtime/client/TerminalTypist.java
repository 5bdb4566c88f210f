package io.busbar.runtime.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.InputFlag;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Attributes.OutputFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.NonBlockingInputStream;

/** Somebody at a terminal, which is raw while the command runs: every key goes to it, but for Ctrl-], which leaves. */
final class TerminalTypist implements Typist {
    private static final byte LEAVE = 0x1d;
    private static final int BUFFER_BYTES = 1024;
    private static final long LOOK_MILLIS = 100;

    private final Opening opening;
    private final boolean closes;
    private Terminal terminal;
    private Attributes before;
    private SignalHandler handlerBefore;
    private Thread keys;
    private volatile boolean ended;

    @FunctionalInterface
    private interface Opening {
        Terminal open() throws IOException;
    }

    private TerminalTypist(Opening opening, boolean closes) {
        this.opening = opening;
        this.closes = closes;
    }

    /** The process's own terminal, opened when it is needed. Of some type, as one of type "dumb" would not be made raw. */
    static TerminalTypist own() {
        return new TerminalTypist(() -> TerminalBuilder.builder().name("busbar").type("ansi").system(true).build(), true);
    }

    /** A terminal that is open and stays so. */
    static TerminalTypist at(Terminal terminal) {
        return new TerminalTypist(() -> terminal, false);
    }

    @Override
    public boolean terminal() {
        return true;
    }

    @Override
    public void begin(CommandInput input) throws IOException {
        ended = false;
        terminal = opening.open();
        before = terminal.enterRawMode();
        terminal.setAttributes(raw(terminal.getAttributes()));
        handlerBefore = terminal.handle(Signal.WINCH, _ -> tellSize(input));
        tellSize(input);
        keys = Thread.ofPlatform().daemon().name("keys").start(() -> pump(input));
    }

    /** As cfmakeraw: what JLine's raw mode leaves for programs of its own is the driver's too. */
    private static Attributes raw(Attributes attributes) {
        attributes.setLocalFlag(LocalFlag.ISIG, false);
        attributes.setInputFlag(InputFlag.BRKINT, false);
        attributes.setInputFlag(InputFlag.PARMRK, false);
        attributes.setInputFlag(InputFlag.ISTRIP, false);
        attributes.setInputFlag(InputFlag.IGNCR, false);
        attributes.setOutputFlag(OutputFlag.OPOST, false);
        return attributes;
    }

    private void tellSize(CommandInput input) {
        try {
            var size = terminal.getSize();
            input.resize(size.getColumns(), size.getRows());
        } catch (IOException _) {
            // The command has ended meanwhile; who waits for its end is told why.
        }
    }

    private void pump(CommandInput input) {
        var buffer = new byte[BUFFER_BYTES];
        var in = (NonBlockingInputStream) terminal.input();
        try {
            while (!ended) {
                var count = in.readBuffered(buffer, LOOK_MILLIS);
                var end = endOf(buffer, count);
                if (end > 0) {
                    input.type(buffer, 0, end);
                }
                // Also a terminal that has hung up.
                if (count == NonBlockingInputStream.EOF || end < count) {
                    input.leave();
                    return;
                }
            }
        } catch (IOException _) {
            // As above.
        }
    }

    /** Returns where the key is that leaves, or the length. */
    private static int endOf(byte[] bytes, int length) {
        for (var i = 0; i < length; i++) {
            if (bytes[i] == LEAVE) {
                return i;
            }
        }
        return length;
    }

    @Override
    public void show(byte[] bytes) throws IOException {
        terminal.output().write(bytes);
        terminal.flush();
    }

    @Override
    public void note(String text) {
        try {
            if (!text.isEmpty()) {
                show(("\r\n" + text.replace("\n", "\r\n")).getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException _) {
            // Whoever is to be told has hung up.
        }
    }

    @Override
    public void end() {
        ended = true;
        try {
            keys.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        terminal.handle(Signal.WINCH, handlerBefore);
        terminal.setAttributes(before);
        terminal.writer().println();
        terminal.flush();
        if (closes) {
            close();
        }
    }

    private void close() {
        try {
            terminal.close();
        } catch (IOException _) {
            // It has hung up.
        }
    }
}
