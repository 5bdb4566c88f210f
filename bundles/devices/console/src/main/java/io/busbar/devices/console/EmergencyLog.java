package io.busbar.devices.console;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a driver says in an emergency (virtio 1.2, 5.3.4) to the log, by the line. What could do something to a terminal is
 * replaced, and a driver that does not stop is not listened to for ever. On one control thread at a time.
 */
final class EmergencyLog {

    private static final Logger LOG = LoggerFactory.getLogger(EmergencyLog.class);
    private static final int LONGEST_LINE = 200;
    private static final int MOST_LINES = 200;

    private final String device;
    private final StringBuilder line = new StringBuilder();
    private int lines;

    EmergencyLog(String device) {
        this.device = device;
    }

    void add(byte character) {
        if (lines > MOST_LINES || character == '\r') {
            return;
        }
        if (character != '\n') {
            line.append(character >= ' ' && character < 0x7f ? (char) character : '?');
        }
        if (character == '\n' || line.length() == LONGEST_LINE) {
            end();
        }
    }

    private void end() {
        if (++lines > MOST_LINES) {
            LOG.warn("{}: more than {} lines of emergency output: the rest is not logged", device, MOST_LINES);
        } else {
            LOG.info("{}: emergency output: {}", device, line);
        }
        line.setLength(0);
    }
}
