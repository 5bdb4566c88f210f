package io.busbar.tools.shell.commands;

import io.busbar.api.driver.NetDriver;
import io.busbar.tools.shell.Command;
import io.busbar.tools.shell.Inventory;
import io.busbar.tools.shell.Invocation;
import io.busbar.tools.shell.JsonText;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** One {@code net DEV …} with a driver in this process. */
final class NetJob {

    static final List<String> SUBCOMMANDS = List.of("info", "ping");
    static final List<String> PING_WORDS = List.of("from", "count", "size");

    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration PROBE = Duration.ofMillis(300);
    private static final long PAUSE_MILLIS = 200;
    private static final int MOST_PINGS = 1000;
    private static final int USUAL_PINGS = 4;
    private static final int MOST_BYTES = 1472;
    private static final int USUAL_BYTES = 56;
    private static final int LAST_HOST = 254;
    private static final int CANDIDATES = 8;
    private static final double NANOS_PER_MILLI = 1e6;

    private final Inventory inventory;
    private final Invocation call;

    NetJob(Inventory inventory, Invocation call) {
        this.inventory = inventory;
        this.call = call;
    }

    /**
     * What a ping is to be.
     *
     * @param target whom
     * @param from   who, 0 if that is to be chosen
     * @param count  how often
     * @param bytes  of data
     */
    private record Ping(int target, int from, int count, int bytes) {}

    int run() {
        if (call.args().contains("--help") || call.args().contains("-h")) {
            call.output().out(NetCommand.USAGE);
            return Command.OK;
        }
        try {
            Arguments arguments = Arguments.parse(call.args());
            List<String> words = arguments.words();
            List<String> rest = words.subList(2, words.size());
            if (words.get(1).equals("info")) {
                OwnCommand.end(rest);
                return info(words.getFirst(), arguments);
            }
            Ping ping = parse(rest);
            try (DrivenDevice<NetDriver> card = DrivenDevice.open(inventory, words.getFirst(), NetDriver.class)) {
                return ping(card, ping, arguments);
            }
        } catch (Wrong e) {
            call.output().err("net: " + e.getMessage() + "\n");
            return Command.FAILED;
        }
    }

    private int info(String name, Arguments arguments) throws Wrong {
        try (DrivenDevice<NetDriver> card = DrivenDevice.open(inventory, name, NetDriver.class)) {
            NetDriver driver = card.driver();
            String mac = Pinger.text(driver.mac());
            String link = driver.isLinkUp() ? "up" : "down";
            call.output().out(arguments.json()
                    ? new JsonText(arguments.pretty()).open().open("net").open(name).property("mac", mac)
                            .property("mtu", driver.mtu()).property("link", link).close().close().close().finish()
                    : name + ": mac " + mac + " mtu " + driver.mtu() + " link " + link + "\n");
            return Command.OK;
        }
    }

    private static Ping parse(List<String> words) throws Wrong {
        if (words.isEmpty()) {
            throw new Wrong("an address is missing: net DEV ping ADDRESS");
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 1; i < words.size(); i += 2) {
            if (!PING_WORDS.contains(words.get(i))) {
                throw new Wrong("\"" + words.get(i) + "\" is unknown; expected one of: " + String.join(", ", PING_WORDS));
            }
            if (i + 1 == words.size()) {
                throw new Wrong("the value of " + words.get(i) + " is missing");
            }
            values.put(words.get(i), words.get(i + 1));
        }
        return new Ping(
                address(words.getFirst()),
                values.containsKey("from") ? address(values.get("from")) : 0,
                number("count", values, USUAL_PINGS, 1, MOST_PINGS),
                number("size", values, USUAL_BYTES, 0, MOST_BYTES));
    }

    private static int address(String word) throws Wrong {
        return Ipv4.parse(word).orElseThrow(
                () -> new Wrong("\"" + word + "\" is no address; four numbers up to 255 with dots between were expected"));
    }

    private static int number(String word, Map<String, String> values, int usual, int least, int most) throws Wrong {
        String value = values.get(word);
        if (value == null) {
            return usual;
        }
        if (!value.matches("\\d{1,9}") || Integer.parseInt(value) < least || Integer.parseInt(value) > most) {
            throw new Wrong(word + " \"" + value + "\": a number from " + least + " to " + most + " was expected");
        }
        return Integer.parseInt(value);
    }

    private int ping(DrivenDevice<NetDriver> card, Ping ping, Arguments arguments) throws Wrong {
        if (!card.driver().isLinkUp()) {
            throw new Wrong(card.name() + ": its link is down");
        }
        String target = Ipv4.text(ping.target());
        try (Pinger pinger = new Pinger(card.driver())) {
            pinger.address(ping.from());
            byte[] to = macOf(pinger, ping.target()).orElseThrow(
                    () -> new Wrong(target + " is not on the network of " + card.name() + ": nobody answers for it"));
            int from = ping.from() == 0 ? free(pinger, ping.target()) : ping.from();
            pinger.address(from);
            say(arguments, String.format("PING %s (%s) from %s (%s): %d bytes%n", target, Pinger.text(to), Ipv4.text(from),
                    Pinger.text(card.driver().mac()), ping.bytes()));
            LongSummaryStatistics times = echo(pinger, to, ping, arguments);
            report(card.name(), ping.count(), times, arguments);
            return times.getCount() > 0 ? Command.OK : Command.FAILED;
        }
    }

    /** Asks twice: the first frame of all may be lost while a network learns who is where. */
    private static Optional<byte[]> macOf(Pinger pinger, int target) throws Wrong {
        Optional<byte[]> first = pinger.resolve(target, PATIENCE);
        return first.isPresent() ? first : pinger.resolve(target, PATIENCE);
    }

    /** Finds an address that nobody answers for, near the end of the target's 256. */
    private static int free(Pinger pinger, int target) throws Wrong {
        for (int i = 0; i < CANDIDATES; i++) {
            int candidate = target & ~0xff | LAST_HOST - i;
            if (candidate != target && pinger.resolve(candidate, PROBE).isEmpty()) {
                return candidate;
            }
        }
        throw new Wrong("no address near " + Ipv4.text(target) + " seems to be free: from ADDRESS was expected");
    }

    private LongSummaryStatistics echo(Pinger pinger, byte[] to, Ping ping, Arguments arguments) throws Wrong {
        LongSummaryStatistics times = new LongSummaryStatistics();
        int id = (int) (System.nanoTime() >>> 10) & 0xffff;
        for (int sequence = 1; sequence <= ping.count(); sequence++) {
            OptionalLong nanos = pinger.ping(to, ping.target(), id, sequence, ping.bytes(), PATIENCE);
            if (nanos.isPresent()) {
                times.accept(nanos.getAsLong());
                say(arguments, String.format(Locale.ROOT, "%d bytes from %s: seq=%d time=%.3f ms%n", ping.bytes(),
                        Ipv4.text(ping.target()), sequence, nanos.getAsLong() / NANOS_PER_MILLI));
                rest(sequence, ping.count());
            } else {
                say(arguments, "no reply: seq=" + sequence + "\n");
            }
        }
        return times;
    }

    private static void rest(int sequence, int count) throws Wrong {
        try {
            if (sequence < count) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Wrong("interrupted", e);
        }
    }

    private void say(Arguments arguments, String text) {
        if (!arguments.json()) {
            call.output().out(text);
        }
    }

    private void report(String name, int sent, LongSummaryStatistics times, Arguments arguments) {
        double least = times.getCount() == 0 ? 0 : times.getMin() / NANOS_PER_MILLI;
        double most = times.getCount() == 0 ? 0 : times.getMax() / NANOS_PER_MILLI;
        double average = times.getAverage() / NANOS_PER_MILLI;
        call.output().out(arguments.json()
                ? new JsonText(arguments.pretty()).open().open("net").open(name).property("sent", sent)
                        .property("received", times.getCount()).property("min_ms", least).property("avg_ms", average)
                        .property("max_ms", most).close().close().close().finish()
                : String.format(Locale.ROOT, "%d sent, %d received, time min/avg/max %.3f/%.3f/%.3f ms%n", sent,
                        times.getCount(), least, average, most));
    }
}
