package io.busbar.tools.shell.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.busbar.tools.shell.Dialogue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A client of the control socket that types while a command runs. What it sends that is nothing of this ends it. */
final class ClientDialogue implements Dialogue {

    private static final Logger LOG = LoggerFactory.getLogger(ClientDialogue.class);
    private static final int MAX_SIZE = 65_535;
    private static final Left LEFT = new Left();
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final LineChannel channel;
    private final Request.Talker client;
    private volatile boolean begun;
    private volatile boolean left;

    ClientDialogue(LineChannel channel, Request.Talker client) {
        this.channel = channel;
        this.client = client;
    }

    @Override
    public String who() {
        return client.who();
    }

    @Override
    public boolean terminal() {
        return client.terminal();
    }

    @Override
    public void begin() {
        begun = true;
        send("input", new JsonPrimitive(1));
    }

    @Override
    public Optional<Event> next(Duration patience) {
        Optional<Event> event = left ? Optional.of(LEFT) : read(patience);
        left = event.filter(Left.class::isInstance).isPresent();
        return event;
    }

    private Optional<Event> read(Duration patience) {
        try {
            if (!channel.awaitLine(patience.toNanos())) {
                return Optional.empty();
            }
            String line = channel.readLine();
            return line == null ? Optional.of(LEFT) : event(Request.object(line));
        } catch (IOException | ClosedSelectorException | Request.Malformed e) {
            LOG.debug("a client that typed has ended", e);
            hangUp();
            return Optional.of(LEFT);
        }
    }

    /** What it sent cannot be told from requests any more. */
    private void hangUp() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("a control connection did not close", e);
        }
    }

    private static Optional<Event> event(JsonObject message) throws Request.Malformed {
        if (message.has("leave")) {
            return Optional.of(LEFT);
        }
        if (message.has("end")) {
            return Optional.of(new Ended());
        }
        if (message.has("data")) {
            byte[] bytes = bytes(message.get("data"));
            return bytes.length == 0 ? Optional.empty() : Optional.of(new Typed(bytes));
        }
        int columns = size(message.get("columns"));
        int rows = size(message.get("rows"));
        // A terminal that does not know its size says 0.
        return columns == 0 || rows == 0 ? Optional.empty() : Optional.of(new Resized(columns, rows));
    }

    private static byte[] bytes(JsonElement value) throws Request.Malformed {
        try {
            return Base64.getDecoder().decode(value.getAsString());
        } catch (IllegalArgumentException | IllegalStateException | UnsupportedOperationException _) {
            throw new Request.Malformed("\"data\" is not Base64");
        }
    }

    private static int size(JsonElement value) throws Request.Malformed {
        if (value instanceof JsonPrimitive primitive && primitive.isNumber()) {
            double size = primitive.getAsDouble();
            if (size >= 0 && size <= MAX_SIZE) {
                return (int) size;
            }
        }
        throw new Request.Malformed("one of \"data\", \"end\", \"leave\", or \"columns\" and \"rows\" was expected");
    }

    @Override
    public boolean write(byte[] bytes, int offset, int length) {
        ByteBuffer encoded = Base64.getEncoder().encode(ByteBuffer.wrap(bytes, offset, length).slice());
        return send("data", new JsonPrimitive(new String(encoded.array(), 0, encoded.limit(), StandardCharsets.US_ASCII)));
    }

    @Override
    public void note(String text) {
        send("err", new JsonPrimitive(text));
    }

    @Override
    public void finish() {
        send("input", new JsonPrimitive(0));
    }

    private boolean send(String key, JsonPrimitive value) {
        JsonObject message = new JsonObject();
        message.add(key, value);
        try {
            channel.writeLinePatiently(message.toString());
            return true;
        } catch (IOException | ClosedSelectorException e) {
            LOG.debug("nobody reads what a command shows", e);
            return false;
        }
    }

    /** The command has ended: what is typed meanwhile is nobody's. */
    void end() {
        if (begun && !left) {
            finish();
            while (!left) {
                next(PATIENCE);
            }
        }
    }
}
