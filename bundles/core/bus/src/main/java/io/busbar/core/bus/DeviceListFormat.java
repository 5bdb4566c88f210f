package io.busbar.core.bus;

import java.text.ParseException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The text of the file of devices, UTF-8, one word and its values per line:
 * <pre>
 * busbar-devices 1
 * device disk0
 *   mgmtdev sim_block
 *   override vhost-user
 *   word path /disks/root\simage
 * end 1
 * </pre>
 * {@code end} carries the number of devices. In values {@code \s}, {@code \n}, {@code \r}, {@code \t} and {@code \\}
 * stand for blank, line feed, carriage return, tab and backslash, {@code \e} for nothing at all.
 */
final class DeviceListFormat {

    private static final String FIRST = "busbar-devices 1";
    private static final String RAW = "\\ \n\r\t";
    private static final String ESCAPED = "\\snrt";
    private static final Pattern LEADING_BLANKS = Pattern.compile("^ +");

    private DeviceListFormat() {}

    static String write(List<DeviceRecord> devices) {
        StringBuilder text = new StringBuilder(FIRST).append('\n');
        for (DeviceRecord device : devices) {
            line(text, "device", device.name());
            line(text, "  mgmtdev", device.managementDevice());
            device.override().ifPresent(name -> line(text, "  override", name));
            device.words().forEach((word, value) -> line(text, "  word", word, value));
        }
        line(text, "end", Integer.toString(devices.size()));
        return text.toString();
    }

    private static void line(StringBuilder text, String first, String... values) {
        text.append(first);
        for (String value : values) {
            text.append(' ').append(escape(value));
        }
        text.append('\n');
    }

    /**
     * Reads the text.
     *
     * @throws ParseException if it is none; the message says what was expected, the offset is the line, from 1
     */
    static List<DeviceRecord> read(String text) throws ParseException {
        return new Reader(text).read();
    }

    private static String escape(String value) {
        if (value.isEmpty()) {
            return "\\e";
        }
        StringBuilder escaped = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
            int at = RAW.indexOf(value.charAt(i));
            if (at < 0) {
                escaped.append(value.charAt(i));
            } else {
                escaped.append('\\').append(ESCAPED.charAt(at));
            }
        }
        return escaped.toString();
    }

    private static final class Reader {

        private final Iterator<String> lines;
        private int number;
        private List<String> line;

        Reader(String text) {
            lines = text.lines().iterator();
        }

        List<DeviceRecord> read() throws ParseException {
            next();
            if (!line.equals(List.of(FIRST.split(" ")))) {
                throw broken("\"" + FIRST + "\"");
            }
            next();
            List<DeviceRecord> devices = new ArrayList<>();
            while (at("device", 2)) {
                devices.add(device());
            }
            if (!line.equals(List.of("end", Integer.toString(devices.size()))) || lines.hasNext()) {
                throw broken("\"end " + devices.size() + "\", and nothing after it");
            }
            return devices;
        }

        private DeviceRecord device() throws ParseException {
            String name = line.get(1);
            next();
            if (!at("mgmtdev", 2)) {
                throw broken("\"mgmtdev NAME\" of " + name);
            }
            String managementDevice = line.get(1);
            next();
            Optional<String> override = Optional.empty();
            if (at("override", 2)) {
                override = Optional.of(line.get(1));
                next();
            }
            Map<String, String> words = new LinkedHashMap<>();
            while (at("word", 3)) {
                words.put(line.get(1), line.get(2));
                next();
            }
            return new DeviceRecord(name, managementDevice, override, words);
        }

        private boolean at(String first, int size) {
            return line.size() == size && line.getFirst().equals(first);
        }

        private void next() throws ParseException {
            number++;
            line = new ArrayList<>();
            if (lines.hasNext()) {
                // Other blanks than this one are part of a value.
                for (String value : LEADING_BLANKS.matcher(lines.next()).replaceFirst("").split(" ")) {
                    line.add(unescape(value));
                }
            }
        }

        private String unescape(String value) throws ParseException {
            if (value.equals("\\e")) {
                return "";
            }
            StringBuilder raw = new StringBuilder(value.length());
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                if (c == '\\') {
                    i++;
                    int at = i < value.length() ? ESCAPED.indexOf(value.charAt(i)) : -1;
                    if (at < 0) {
                        throw broken("one of \\" + String.join(" \\", ESCAPED.split("")));
                    }
                    c = RAW.charAt(at);
                }
                raw.append(c);
            }
            return raw.toString();
        }

        private ParseException broken(String expected) {
            return new ParseException("line " + number + ": expected " + expected, number);
        }
    }
}
