package io.busbar.tools.shell.control;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a client asks for. */
sealed interface Request {

    /** The one version of the protocol. */
    int VERSION = 1;

    /**
     * One command.
     *
     * @param args   its words
     * @param cwd    the client's working directory
     * @param talker the client, if it can type while the command runs
     */
    record Run(List<String> args, Path cwd, Optional<Talker> talker) implements Request {}

    /**
     * A line of the shell's language.
     *
     * @param line    the line
     * @param cwd     the client's working directory
     * @param columns width of the client's terminal, 0 if it has none
     * @param talker  the client, if it can type while a command runs
     */
    record Line(String line, Path cwd, int columns, Optional<Talker> talker) implements Request {}

    /**
     * The words that fit.
     *
     * @param text what was typed up to the cursor
     */
    record Complete(String text) implements Request {}

    /**
     * A client that can type while a command runs.
     *
     * @param terminal whether somebody sits there
     * @param who      who it is, for others
     */
    record Talker(boolean terminal, String who) {}

    /** What is no request: a sentence that names what is wrong. */
    final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String sentence) {
            super(sentence);
        }
    }

    /**
     * Reads a request.
     *
     * @param line one line, without its end
     */
    static Request parse(String line) throws Malformed {
        return new RequestReader(object(line)).read();
    }

    /** Reads the one JSON object of a line. */
    static JsonObject object(String line) throws Malformed {
        try (JsonReader reader = new JsonReader(new StringReader(line))) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement element = JsonParser.parseReader(reader);
            if (element.isJsonObject() && reader.peek() == JsonToken.END_DOCUMENT) {
                return element.getAsJsonObject();
            }
        } catch (JsonParseException | IOException _) {
            // Told below.
        }
        throw new Malformed("not a request: one JSON object was expected on the line");
    }

    /** Takes the fields of a request apart. */
    final class RequestReader {
        private static final int MAX_COLUMNS = 10_000;
        private static final String TERMINAL = "terminal";
        private static final Pattern WHO = Pattern.compile("[ -~]{1,64}");

        private final JsonObject object;

        RequestReader(JsonObject object) {
            this.object = object;
        }

        Request read() throws Malformed {
            if (integer("v", Integer.MAX_VALUE).orElse(0) != VERSION) {
                throw new Malformed("\"v\" is " + object.get("v") + "; " + VERSION + " was expected");
            }
            Path cwd = cwd();
            int columns = integer("columns", MAX_COLUMNS).orElse(0);
            if (object.has("args")) {
                return new Run(words(), cwd, talker());
            }
            Optional<String> line = string("line");
            if (line.isPresent()) {
                return new Line(line.get(), cwd, columns, talker());
            }
            String text = string("complete")
                    .orElseThrow(() -> new Malformed("one of \"args\", \"line\" and \"complete\" was expected"));
            return new Complete(text.substring(0, integer("cursor", text.length()).orElse(text.length())));
        }

        private Optional<Talker> talker() throws Malformed {
            Optional<String> stream = string("stream");
            if (stream.isEmpty()) {
                return Optional.empty();
            }
            if (!List.of(TERMINAL, "pipe").contains(stream.get())) {
                throw new Malformed("\"stream\" is \"" + stream.get() + "\"; \"terminal\" or \"pipe\" was expected");
            }
            String who = string("who").orElse("somebody");
            if (!WHO.matcher(who).matches()) {
                throw new Malformed("\"who\" is not a name of 1 to 64 printable ASCII characters");
            }
            return Optional.of(new Talker(stream.get().equals(TERMINAL), who));
        }

        private List<String> words() throws Malformed {
            if (object.get("args") instanceof JsonArray array) {
                List<JsonElement> elements = array.asList();
                if (elements.stream().allMatch(RequestReader::isString)) {
                    return elements.stream().map(JsonElement::getAsString).toList();
                }
            }
            throw new Malformed("\"args\" is not an array of strings");
        }

        private Path cwd() throws Malformed {
            String text = string("cwd").orElse("/");
            try {
                Path path = Path.of(text);
                if (path.isAbsolute()) {
                    return path;
                }
            } catch (InvalidPathException _) {
                // Told below.
            }
            throw new Malformed("\"cwd\" is \"" + text + "\"; an absolute path was expected");
        }

        private Optional<String> string(String key) throws Malformed {
            if (!object.has(key)) {
                return Optional.empty();
            }
            if (isString(object.get(key))) {
                return Optional.of(object.get(key).getAsString());
            }
            throw new Malformed("\"" + key + "\" is not a string");
        }

        private Optional<Integer> integer(String key, int max) throws Malformed {
            if (!object.has(key)) {
                return Optional.empty();
            }
            if (object.get(key) instanceof JsonPrimitive primitive && primitive.isNumber()) {
                BigDecimal value = primitive.getAsBigDecimal();
                if (value.signum() >= 0 && value.compareTo(BigDecimal.valueOf(max)) <= 0) {
                    return Optional.of(value.intValue());
                }
            }
            throw new Malformed("\"" + key + "\" is not a number from 0 to " + max);
        }

        private static boolean isString(JsonElement element) {
            return element instanceof JsonPrimitive primitive && primitive.isString();
        }
    }
}
