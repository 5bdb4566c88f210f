package io.busbar.devices.console;

import io.busbar.api.vdpa.AttributeInfo;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a user chose for a console device.
 *
 * @param ports      names of all ports, the console first
 * @param scrollback how much of what was sent a late reader of the console sees, bytes
 */
record ConsoleOptions(List<String> ports, int scrollback) {

    /** Most named ports beside the console: with them the device has 64 queues, the most of User Mode Linux. */
    static final int MAX_NAMED_PORTS = 30;

    /** Name of port 0. */
    static final String CONSOLE = "console";

    private static final String PORTS = "ports";
    private static final String SCROLLBACK = "scrollback";
    private static final int DEFAULT_SCROLLBACK = 64 << 10;
    private static final int MAX_SCROLLBACK = 16 << 20;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,8})([KM]?)");

    static final List<AttributeInfo> ATTRIBUTES = List.of(
            new AttributeInfo(PORTS, "NAME[,NAME]", "Named ports beside the console, up to " + MAX_NAMED_PORTS
                    + ": in Linux /dev/virtio-ports/NAME; default none."),
            new AttributeInfo(SCROLLBACK, "SIZE", "How much of what was sent is shown to who comes late to the console,"
                    + " 0 to 16M; default 64K."));

    static ConsoleOptions of(Map<String, String> words) throws VdpaException {
        return new ConsoleOptions(ports(words.get(PORTS)), scrollback(words.get(SCROLLBACK)));
    }

    private static List<String> ports(String text) throws VdpaException {
        List<String> ports = new ArrayList<>(List.of(CONSOLE));
        if (text == null) {
            return List.copyOf(ports);
        }
        for (String name : text.split(",", -1)) {
            if (!NAME.matcher(name).matches()) {
                throw invalid(PORTS, text, "names of letters, digits, dots, dashes and underlines, at most 63 of them,"
                        + " separated by commas; \"" + name + "\" is none");
            }
            ports.add(name);
        }
        if (ports.size() > MAX_NAMED_PORTS + 1) {
            throw invalid(PORTS, text, "at most " + MAX_NAMED_PORTS + " names");
        }
        if (new HashSet<>(ports).size() < ports.size()) {
            throw invalid(PORTS, text, "each name once, and none of them \"" + CONSOLE + "\"");
        }
        return List.copyOf(ports);
    }

    private static int scrollback(String text) throws VdpaException {
        if (text == null) {
            return DEFAULT_SCROLLBACK;
        }
        Matcher parts = SIZE.matcher(text);
        if (parts.matches()) {
            int shift = switch (parts.group(2)) {
                case "K" -> 10;
                case "M" -> 20;
                default -> 0;
            };
            long bytes = Long.parseLong(parts.group(1)) << shift;
            if (bytes <= MAX_SCROLLBACK) {
                return (int) bytes;
            }
        }
        throw invalid(SCROLLBACK, text, "a size from 0 to 16M such as 4096, 64K or 1M");
    }

    private static VdpaException invalid(String word, String value, String expected) {
        return new VdpaException(VdpaError.EINVAL, word + " " + value + ": expected " + expected);
    }
}
