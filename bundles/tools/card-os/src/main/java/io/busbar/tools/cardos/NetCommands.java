package io.busbar.tools.cardos;

import io.busbar.api.driver.DriverException;
import io.busbar.tools.cardos.net.FrameExchange;
import io.busbar.tools.cardos.net.IpHost;
import io.busbar.tools.cardos.net.Ipv4Interface;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Commands for network devices. */
final class NetCommands {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long MOST_PINGS = 1000;
    private static final int PING_BYTES = 56;
    private static final long MOST_FRAMES = 10_000_000;
    private static final double NANOS_OF_A_MILLI = 1e6;

    private final Machine machine;

    private NetCommands(Machine machine) {
        this.machine = machine;
    }

    static List<Shell.Entry> of(Machine machine) {
        NetCommands commands = new NetCommands(machine);
        return List.of(
                new Shell.Entry("address NET [ ADDRESS/PREFIX ]", "shows or sets an IPv4 address", commands::address),
                new Shell.Entry("ping ADDRESS [ COUNT ]", "sends echoes by ICMP", commands::ping),
                new Shell.Entry("frames NET COUNT", "sends frames to itself, over a network that gives them back", commands::frames));
    }

    private NetCard card(String name) {
        if (machine.part(name) instanceof NetCard card) {
            return card;
        }
        throw new IllegalArgumentException("\"" + name + "\": expected a network device, such as net0; devices lists them");
    }

    private void address(Words words, Consumer<String> output) {
        NetCard card = card(words.next());
        if (!words.isEmpty()) {
            Ipv4Interface address = Ipv4Interface.parse(words.next());
            words.end();
            card.host().address(address);
        }
        output.accept(card.name() + ": " + card.host().address());
    }

    private void ping(Words words, Consumer<String> output) throws InterruptedException {
        int target = Ipv4Interface.parseAddress(words.next());
        long count = words.isEmpty() ? 1 : words.number("count", 1, MOST_PINGS);
        words.end();
        IpHost host = reaching(target);
        Optional<byte[]> mac = host.resolve(target, PATIENCE);
        if (mac.isEmpty()) {
            output.accept("nobody has " + Ipv4Interface.text(target));
            return;
        }
        int received = 0;
        for (int sequence = 1; sequence <= count; sequence++) {
            OptionalLong nanos = host.ping(mac.get(), target, sequence, PING_BYTES, PATIENCE);
            received += nanos.isPresent() ? 1 : 0;
            output.accept(nanos.isPresent()
                    ? "reply %d from %s in %.3f ms".formatted(sequence, Ipv4Interface.text(target), nanos.getAsLong() / NANOS_OF_A_MILLI)
                    : "no reply " + sequence + " from " + Ipv4Interface.text(target));
        }
        output.accept(received + " of " + count + " came back");
    }

    private IpHost reaching(int target) {
        return machine.parts().stream()
                .filter(NetCard.class::isInstance)
                .map(part -> ((NetCard) part).host())
                .filter(host -> host.address().reaches(target))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(Ipv4Interface.text(target) + ": no network device has its network"));
    }

    private void frames(Words words, Consumer<String> output) throws DriverException, InterruptedException, InterruptedIOException {
        NetCard card = card(words.next());
        long count = words.number("count", 1, MOST_FRAMES);
        words.end();
        String wrong = new FrameExchange(card.device()).run(count, PATIENCE);
        output.accept(wrong.isEmpty() ? "frames whole: " + count : "frames wrong: " + wrong);
    }
}
