package io.busbar.tools.cardos;

import io.busbar.tools.cardos.net.Ipv4Interface;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings of one card's operating system, checked.
 *
 * @param bus     name of the card's bus
 * @param address of the first network device
 * @param check   how long a device may take for one step of the self-check
 */
record Settings(String bus, Ipv4Interface address, Duration check) {

    private static final Pattern BUS = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,31}");
    private static final Pattern CARD = Pattern.compile("mic(0|[1-9][0-9]?|1[01][0-9]|12[0-7])");
    private static final int MOST_MILLIS = 600_000;

    /**
     * Reads a configuration.
     *
     * @throws IllegalArgumentException names the setting that is wrong and what was expected
     */
    static Settings of(CardOsConfig config) {
        if (!BUS.matcher(config.bus()).matches()) {
            throw new IllegalArgumentException("bus \"" + config.bus() + "\": expected the name of a card's bus, such as mic0");
        }
        if (config.checkMillis() < 1 || config.checkMillis() > MOST_MILLIS) {
            throw new IllegalArgumentException("checkMillis " + config.checkMillis() + ": expected 1 to " + MOST_MILLIS);
        }
        Ipv4Interface address = config.address().isEmpty() ? usual(config.bus()) : Ipv4Interface.parse(config.address());
        return new Settings(config.bus(), address, Duration.ofMillis(config.checkMillis()));
    }

    /** As MPSS numbers cards; what is no card of that kind is as the first. */
    private static Ipv4Interface usual(String bus) {
        Matcher card = CARD.matcher(bus);
        return Ipv4Interface.parse("172.31." + (card.matches() ? Integer.parseInt(card.group(1)) + 1 : 1) + ".1/24");
    }
}
