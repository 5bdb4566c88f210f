package io.busbar.tools.plug;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Version;

/**
 * A clause of a manifest header (OSGi Core 8, 3.2.4), such as one package of Export-Package.
 *
 * @param name       the path, which is a package or a namespace
 * @param attributes by name, as what their types say
 */
record Clause(String name, Map<String, Object> attributes) {

    private static final String DIRECTIVE = ":=";

    /**
     * Parses a header.
     *
     * @param header its value; null has no clauses
     * @throws IllegalArgumentException if a version is none
     */
    static List<Clause> parse(String header) {
        List<Clause> clauses = new ArrayList<>();
        if (header != null) {
            for (String clause : split(header, ',')) {
                add(clauses, split(clause, ';'));
            }
        }
        return clauses;
    }

    /** Several names may share their attributes. */
    private static void add(List<Clause> clauses, List<String> parts) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (String part : parts) {
            int equals = equalsSign(part);
            if (equals < 0) {
                names.add(part.strip());
            } else if (equals == 0 || !part.startsWith(DIRECTIVE, equals - 1)) {
                attribute(attributes, part.substring(0, equals).strip(), unquoted(part.substring(equals + 1).strip()));
            }
        }
        names.forEach(name -> clauses.add(new Clause(name, Map.copyOf(attributes))));
    }

    private static int equalsSign(String part) {
        int quote = part.indexOf('"');
        int equals = part.indexOf('=');
        return quote >= 0 && quote < equals ? -1 : equals;
    }

    private static String unquoted(String value) {
        return value.length() > 1 && value.startsWith("\"") && value.endsWith("\"")
                ? value.substring(1, value.length() - 1).replace("\\\"", "\"")
                : value;
    }

    private static void attribute(Map<String, Object> attributes, String key, String value) {
        int colon = key.indexOf(':');
        String name = colon < 0 ? key : key.substring(0, colon).strip();
        String type = colon < 0 ? "String" : key.substring(colon + 1).strip();
        attributes.put(name, switch (type) {
            case "Version" -> Version.parseVersion(value);
            case "Long" -> Long.valueOf(value.strip());
            case "Double" -> Double.valueOf(value.strip());
            case "List<String>", "List" -> List.of(value.split("\\s*,\\s*"));
            case "List<Version>" -> List.of(value.split("\\s*,\\s*")).stream().map(Version::parseVersion).toList();
            default -> value;
        });
    }

    /** Splits where no quotes are. */
    private static List<String> split(String text, char at) {
        List<String> parts = new ArrayList<>();
        boolean quoted = false;
        int begin = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' && (i == 0 || text.charAt(i - 1) != '\\')) {
                quoted = !quoted;
            } else if (c == at && !quoted) {
                parts.add(text.substring(begin, i));
                begin = i + 1;
            }
        }
        parts.add(text.substring(begin));
        return parts;
    }
}
