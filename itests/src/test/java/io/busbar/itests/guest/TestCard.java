package io.busbar.itests.guest;

import com.google.gson.JsonParser;
import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A card, and the devices that its host gives it. Devices of a card have names of their own: which is which is told by the order in which
 * they come.
 */
final class TestCard {

    private static final Duration SOON = Duration.ofSeconds(60);

    private final BusbarProcess host;
    private final BusbarProcess card;
    private final String bus;

    /**
     * Takes a card that is there.
     *
     * @param host the process whose bus {@code host} has the devices
     * @param card the process that has the card's bus; the same if the card is in it
     * @param bus  the name of the card, and of its bus
     */
    TestCard(BusbarProcess host, BusbarProcess card, String bus) {
        this.host = host;
        this.card = card;
        this.bus = bus;
    }

    /** Returns the name of the card. */
    String name() {
        return bus;
    }

    /** The process whose devices they are. */
    BusbarProcess host() {
        return host;
    }

    /**
     * Gives it a device; returns when the card has it.
     *
     * @param name    on the host
     * @param type    what it is
     * @param backend and its words
     */
    CardDevice add(String name, CardDevice.Type type, String... backend) {
        Set<String> before = names();
        List<String> words = new ArrayList<>(List.of("vdpa", "dev", "add", "name", name, "mgmtdev", type.maker(), "backend"));
        words.addAll(List.of(backend));
        words.addAll(List.of("driver_override", "vop-" + bus));
        host.ok(words.toArray(String[]::new));
        Set<String> come = new HashSet<>();
        Eventually.within(SOON, () -> {
            come.addAll(names());
            come.removeAll(before);
            return !come.isEmpty();
        }, () -> name + " is not on the card: " + host.ok("vdpa", "dev", "show") + card.log());
        String itsName = come.iterator().next();
        return new CardDevice(name, itsName, type, card.socket(bus + "/" + itsName));
    }

    /** Takes a device away; returns when the card does not have it any more. */
    void remove(CardDevice device) {
        host.ok("vdpa", "dev", "del", device.host());
        Eventually.within(SOON, () -> !names().contains(device.card()), () -> device + " stays on the card");
    }

    private Set<String> names() {
        return JsonParser.parseString(card.ok("vdpa", "-j", "dev", "show")).getAsJsonObject().getAsJsonObject("dev").keySet().stream()
                .filter(name -> name.startsWith(bus + "/"))
                .map(name -> name.substring(bus.length() + 1))
                .collect(Collectors.toSet());
    }
}
