package io.busbar.runtime.client;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Hands a command to a running Busbar: {@code Main [--instance NAME] [--state-dir DIR] vdpa dev show}, or {@code shell}
 * for lines until the input ends, or {@code --complete WORD...} for the words that fit at the end of a line.
 *
 * <p>Exit status: the command's; 2 for a wrong command line of its own, 3 if that Busbar does not run.
 */
public final class Main {
    private static final int USAGE = 2;
    private static final int NOT_RUNNING = 3;

    private final ClientOptions options;
    private final PrintStream out = stream(FileDescriptor.out);
    private final PrintStream err = stream(FileDescriptor.err);

    private Main(ClientOptions options) {
        this.options = options;
    }

    /**
     * @param args see {@link Main}
     */
    public static void main(String[] args) {
        int status;
        try {
            status = new Main(ClientOptions.parse(List.of(args), System.getenv())).run();
        } catch (ClientOptions.Wrong e) {
            System.err.println("busbar: " + e.getMessage());
            status = USAGE;
        }
        System.exit(status);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }

    private int run() {
        ControlConnection opened;
        try {
            opened = ControlConnection.open(options.controlSocket());
        } catch (IOException e) {
            return notRunning(e);
        }
        try (var connection = opened) {
            return switch (options.action()) {
                case RUN -> connection.run(options.words(), options.columns(), this::out, this::err, typist());
                case SHELL -> shell(connection);
                case COMPLETE -> complete(connection);
            };
        } catch (IOException e) {
            err("busbar: instance \"" + options.instance() + "\": " + e.getMessage() + "\n");
            return NOT_RUNNING;
        }
    }

    private int notRunning(IOException e) {
        if (options.action() == ClientOptions.Action.COMPLETE) {
            return NOT_RUNNING;
        }
        var socket = options.controlSocket();
        var why = Files.isDirectory(options.directory()) ? socket + ": " + e.getMessage() : "no " + options.directory();
        err("busbar: instance \"" + options.instance() + "\" is not running (" + why + "); start it with \"busbar start\""
                + " or \"busbar run\"\n");
        return NOT_RUNNING;
    }

    private int shell(ControlConnection connection) throws IOException {
        return hasTerminal()
                ? new Terminal(connection, options.history()).run()
                : new PlainShell(connection, this::out, this::err, new PipeTypist(InputStream.nullInputStream(), out, err))
                        .run(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }

    private Typist typist() {
        return hasTerminal() ? TerminalTypist.own() : new PipeTypist(System.in, out, err);
    }

    private int complete(ControlConnection connection) throws IOException {
        connection.complete(String.join(" ", options.words())).forEach(word -> out(word + "\n"));
        return 0;
    }

    /** Input and output are the terminal. */
    private static boolean hasTerminal() {
        return isTerminal("/proc/self/fd/0") && isTerminal("/proc/self/fd/1");
    }

    private static boolean isTerminal(String descriptor) {
        try {
            var file = Files.readSymbolicLink(Path.of(descriptor));
            return file.startsWith("/dev/pts") || file.toString().matches("/dev/(tty.*|console)");
        } catch (IOException _) {
            return false;
        }
    }

    private void out(String text) {
        out.print(text);
        out.flush();
    }

    private void err(String text) {
        err.print(text);
        err.flush();
    }
}
