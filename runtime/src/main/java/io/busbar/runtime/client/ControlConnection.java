package io.busbar.runtime.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A connection to the control socket of a running Busbar: requests are answered one after the other.
 *
 * <p>One JSON object a line. Request: {@code {"v":1,"args":["vdpa","dev","show"],"cwd":"/home/me","columns":80}}, with
 * {@code "line"} or {@code "complete"} instead of {@code "args"}. Answer: any number of {@code {"out":"text"}} and
 * {@code {"err":"text"}}, then {@code {"exit":0}}, which has {@code "candidates"} beside it for {@code "complete"}. A command
 * that wants what is typed while it runs asks a {@link Typist} for it. Not for use by several threads at once.
 */
public final class ControlConnection implements AutoCloseable {
    private static final int VERSION = 1;
    private static final String ENDED =
            "Busbar has ended, or closed the control connection, before the command was answered";

    private final SocketChannel channel;
    private final BufferedReader answers;
    private final Path cwd;

    private ControlConnection(SocketChannel channel, Path cwd) {
        this.channel = channel;
        this.answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        this.cwd = cwd;
    }

    /**
     * @param socket the path of a control socket; relative file names in commands start at the working directory
     * @throws IOException if nobody listens there
     */
    public static ControlConnection open(Path socket) throws IOException {
        return open(socket, Path.of("").toAbsolutePath());
    }

    /**
     * As the other one.
     *
     * @param cwd where relative file names in commands start, absolute
     */
    public static ControlConnection open(Path socket, Path cwd) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new ControlConnection(channel, cwd);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Runs one command and waits for its end.
     *
     * @param args the command, word by word
     * @param columns the width of the terminal that the output is for, 0 if there is none
     * @param out takes each piece of output as it comes
     * @param err takes each piece of error output as it comes
     * @return the command's exit status
     * @throws IOException if the connection ends before the command does, or something other than the protocol comes
     */
    public int run(List<String> args, int columns, Consumer<String> out, Consumer<String> err) throws IOException {
        send(request().words("args", args).number("columns", columns));
        return await(out, err).exit();
    }

    /** As the other one, with somebody who can type while the command runs. */
    int run(List<String> args, int columns, Consumer<String> out, Consumer<String> err, Typist typist) throws IOException {
        send(introduced(typist).words("args", args).number("columns", columns));
        return await(out, err, typist).exit();
    }

    /**
     * Runs a line of the shell's language, whose variables last as long as the connection. Otherwise as {@link #run}.
     *
     * @param line several commands, pipes, variables
     */
    int line(String line, int columns, Consumer<String> out, Consumer<String> err, Typist typist) throws IOException {
        send(introduced(typist).text("line", line).number("columns", columns));
        return await(out, err, typist).exit();
    }

    /**
     * Asks which words fit.
     *
     * @param text what was typed up to the cursor
     * @return whole words, the one under the cursor included
     * @throws IOException as {@link #run}
     */
    public List<String> complete(String text) throws IOException {
        send(request().text("complete", text));
        return await(_ -> {}, _ -> {}).candidates();
    }

    private JsonLine request() {
        return new JsonLine().number("v", VERSION).text("cwd", cwd.toString());
    }

    private JsonLine introduced(Typist typist) {
        return request().text("stream", typist.terminal() ? "terminal" : "pipe").text("who", typist.who());
    }

    /** Between the first time that input is asked for and the end the typist shows what comes. */
    private Answer await(Consumer<String> out, Consumer<String> err, Typist typist) throws IOException {
        var input = new CommandInput(this::send);
        var types = false;
        try {
            while (true) {
                var answer = receive();
                out.accept(answer.out());
                if (types) {
                    typist.note(answer.err());
                    typist.show(answer.bytes());
                } else {
                    err.accept(answer.err());
                }
                if (answer.input() == 1) {
                    types = true;
                    typist.begin(input);
                } else if (answer.input() == 0) {
                    input.leave();
                }
                if (answer.isLast()) {
                    return answer;
                }
            }
        } finally {
            if (types) {
                typist.end();
            }
        }
    }

    private Answer await(Consumer<String> out, Consumer<String> err) throws IOException {
        while (true) {
            var answer = receive();
            out.accept(answer.out());
            err.accept(answer.err());
            if (answer.isLast()) {
                return answer;
            }
        }
    }

    private void send(JsonLine request) throws IOException {
        var bytes = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
        orEnded(() -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            return null;
        });
    }

    private Answer receive() throws IOException {
        var line = orEnded(answers::readLine);
        if (line == null) {
            throw new IOException(ENDED);
        }
        return Answer.parse(line);
    }

    /** What fails at the socket, a broken pipe or a reset, is that the other side has left. */
    private static String orEnded(Transfer transfer) throws IOException {
        try {
            return transfer.run();
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(ENDED, e);
        }
    }

    @FunctionalInterface
    private interface Transfer {
        String run() throws IOException;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
