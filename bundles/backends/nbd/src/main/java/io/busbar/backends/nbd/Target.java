package io.busbar.backends.nbd;

import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.Settings;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which export of which server, and how it is reached, as the user said.
 *
 * @param path           the server's Unix socket, or null
 * @param host           the server's name or address, if it is reached by TCP, else null
 * @param port           its TCP port
 * @param export         the export's name; empty for the default one
 * @param connections    how many connections at the most, 1 to {@link #MAX_CONNECTIONS}
 * @param timeoutSeconds how long a server that has something to answer may be silent
 * @param tls            encryption, where it is wanted
 */
record Target(
        Path path, String host, int port, String export, int connections, int timeoutSeconds, Optional<TlsSetup> tls) {

    static final int MAX_CONNECTIONS = 16;

    private static final int CONNECTIONS = 4;
    private static final int PORT = 10_809;
    private static final int MAX_PORT = 65_535;
    private static final int TIMEOUT_SECONDS = 30;
    private static final int MAX_TIMEOUT_SECONDS = 3600;
    /** What the protocol allows a name (proto.md, "Values"). */
    private static final int MAX_NAME = 4096;
    private static final String SOCKET = "socket=";

    /** What a URI says. */
    private record Place(Path path, String host, int port, String export, boolean secure) {}

    /**
     * Reads the words.
     *
     * @throws BackendException that names the word that is missing or wrong
     */
    static Target of(Settings settings) throws BackendException {
        Place place = ofUri(settings.required("uri"));
        if (place.export().getBytes(StandardCharsets.UTF_8).length > MAX_NAME) {
            throw invalid("uri: expected an export's name of up to " + MAX_NAME + " bytes");
        }
        return new Target(place.path(), place.host(), place.port(), place.export(),
                number("connections", settings.text("connections"), CONNECTIONS, MAX_CONNECTIONS),
                number("timeout", settings.text("timeout"), TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS), tls(settings, place));
    }

    private static Optional<TlsSetup> tls(Settings settings, Place place) throws BackendException {
        Optional<String> folder = settings.text("tls");
        Optional<String> name = settings.text("tls-name");
        if (!place.secure()) {
            if (folder.isPresent() || name.isPresent()) {
                throw invalid((folder.isPresent() ? "tls" : "tls-name") + ": expected with a uri of scheme nbds or nbds+unix");
            }
            return Optional.empty();
        }
        Path certificates = folder.isEmpty() ? null : path("tls", folder.get());
        return Optional.of(TlsSetup.of(certificates, name.orElse(place.host() == null ? "localhost" : place.host())));
    }

    /**
     * Reads NBD's own form of URI: {@code nbd[s]://HOST[:PORT]/EXPORT}, {@code nbd[s]+unix:///EXPORT?socket=PATH}
     * (the NBD project's <em>uri.md</em>).
     */
    private static Place ofUri(String text) throws BackendException {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw invalid("uri " + text + ": " + e.getReason());
        }
        return switch (String.valueOf(uri.getScheme())) {
            case "nbd" -> ofHost(text, uri, false);
            case "nbds" -> ofHost(text, uri, true);
            case "nbd+unix" -> ofSocket(text, uri, false);
            case "nbds+unix" -> ofSocket(text, uri, true);
            default -> throw invalid("uri " + text + ": expected a scheme of nbd, nbds, nbd+unix, nbds+unix");
        };
    }

    private static Place ofHost(String text, URI uri, boolean secure) throws BackendException {
        if (uri.getHost() == null || uri.getRawQuery() != null || uri.getRawUserInfo() != null) {
            throw invalid("uri " + text + ": expected " + uri.getScheme() + "://HOST[:PORT]/EXPORT");
        }
        int port = uri.getPort() < 0 ? PORT : uri.getPort();
        if (port < 1 || port > MAX_PORT) {
            throw invalid("uri " + text + ": expected a port of 1 to " + MAX_PORT);
        }
        String host = uri.getHost();
        boolean literal = host.startsWith("[");
        return new Place(null, literal ? host.substring(1, host.length() - 1) : host, port, export(uri), secure);
    }

    private static Place ofSocket(String text, URI uri, boolean secure) throws BackendException {
        String query = String.valueOf(uri.getRawQuery());
        if (uri.getAuthority() != null || !query.startsWith(SOCKET) || query.indexOf('&') >= 0) {
            throw invalid("uri " + text + ": expected " + uri.getScheme() + ":///EXPORT?socket=PATH");
        }
        // A plus is a plus: uri.md follows RFC 3986, and not what HTML forms do.
        String encoded = query.substring(SOCKET.length()).replace("+", "%2B");
        return new Place(path("uri", URLDecoder.decode(encoded, StandardCharsets.UTF_8)), null, 0, export(uri), secure);
    }

    private static String export(URI uri) {
        return uri.getPath() == null || uri.getPath().isEmpty() ? "" : uri.getPath().substring(1);
    }

    private static Path path(String word, String text) throws BackendException {
        try {
            Path path = Path.of(text);
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException _) {
            // Told below.
        }
        throw invalid(word + " " + text + ": expected the absolute name of a file");
    }

    private static int number(String word, Optional<String> text, int unset, int most) throws BackendException {
        if (text.isEmpty()) {
            return unset;
        }
        try {
            int number = Integer.parseInt(text.get());
            if (number >= 1 && number <= most) {
                return number;
            }
        } catch (NumberFormatException _) {
            // Told below.
        }
        throw invalid(word + " " + text.get() + ": expected a number of 1 to " + most);
    }

    static BackendException invalid(String sentence) {
        return new BackendException(Kind.CONFIG_INVALID, sentence);
    }

    /** Returns the server's name in sentences. */
    String server() {
        return "NBD server at " + (path != null ? path : (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port);
    }

    /** Returns the export's name in sentences. */
    String exportName() {
        return export.isEmpty() ? "the default export" : "export \"" + export + "\"";
    }
}
