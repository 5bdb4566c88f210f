package io.busbar.runtime.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;

/** Types what comes from a pipe or a file, and shows to one. */
final class PipeTypist implements Typist {
    private static final int BUFFER_BYTES = 8192;

    private final InputStream in;
    private final PrintStream out;
    private final PrintStream err;

    PipeTypist(InputStream in, PrintStream out, PrintStream err) {
        this.in = in;
        this.out = out;
        this.err = err;
    }

    @Override
    public boolean terminal() {
        return false;
    }

    @Override
    public void begin(CommandInput input) {
        Thread.ofPlatform().daemon().name("input").start(() -> pump(input));
    }

    private void pump(CommandInput input) {
        var buffer = new byte[BUFFER_BYTES];
        try {
            for (var count = in.read(buffer); count > 0; count = in.read(buffer)) {
                input.type(buffer, 0, count);
            }
            input.end();
        } catch (IOException _) {
            // The command has ended meanwhile, and with it what it is told of.
        }
    }

    /** Who has stopped reading has left. */
    @Override
    public void show(byte[] bytes) throws IOException {
        out.write(bytes, 0, bytes.length);
        if (out.checkError()) {
            throw new IOException("the output takes no more");
        }
    }

    @Override
    public void note(String text) {
        err.print(text);
        err.flush();
    }

    @Override
    public void end() {}
}
