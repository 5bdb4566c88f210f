package io.busbar.runtime.client;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A connection to the control socket of a running Busbar: requests are answered one after the other.
 *
 * <p>One JSON object a line. Request: {@code {"v":1,"args":["vdpa","dev","show"],"columns":80}}. Answer: any number of
 * {@code {"out":"text"}} and {@code {"err":"text"}}, then {@code {"exit":0}}. Not for use by several threads at once.
 */
public final class ControlConnection implements AutoCloseable {
    private static final int VERSION = 1;

    private final SocketChannel channel;
    private final BufferedReader answers;

    private ControlConnection(SocketChannel channel) {
        this.channel = channel;
        this.answers = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
    }

    /**
     * @param socket the path of a control socket
     * @throws IOException if nobody listens there
     */
    public static ControlConnection open(Path socket) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new ControlConnection(channel);
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
        var request = new JsonObject();
        request.addProperty("v", VERSION);
        var words = new JsonArray();
        args.forEach(words::add);
        request.add("args", words);
        if (columns > 0) {
            request.addProperty("columns", columns);
        }
        send(request);
        while (true) {
            var answer = receive();
            if (answer.has("out")) {
                out.accept(answer.get("out").getAsString());
            }
            if (answer.has("err")) {
                err.accept(answer.get("err").getAsString());
            }
            if (answer.has("exit")) {
                return answer.get("exit").getAsInt();
            }
        }
    }

    private void send(JsonObject request) throws IOException {
        var bytes = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private JsonObject receive() throws IOException {
        var line = answers.readLine();
        if (line == null) {
            throw new IOException("Busbar closed the control connection before the command ended");
        }
        try {
            return JsonParser.parseString(line).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException("not an answer of a control socket: " + line, e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
