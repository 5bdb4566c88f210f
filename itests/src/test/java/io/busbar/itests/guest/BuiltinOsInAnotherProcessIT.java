package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import io.busbar.itests.Eventually;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The built-in operating system on cards that are another process: all is over memory that two processes share. */
final class BuiltinOsInAnotherProcessIT extends CardOsTests {

    private static final Duration SOON = Duration.ofSeconds(60);

    private BusbarProcess process(String role, String more, String... names) {
        return closing(BusbarProcess.in(folder.resolve(role)).configuration("""
                {"io.busbar.drivers.sharedmemory~one": {"name": "%2$s", "role": "%1$s", "socket": "%4$s/one", "redialMillis:Integer": 20},
                 "io.busbar.drivers.sharedmemory~two": {"name": "%3$s", "role": "%1$s", "socket": "%4$s/two", "redialMillis:Integer": 20}%5$s}
                """.formatted(role, names[0], names[1], folder, more)).start());
    }

    @Override
    List<TestCard> start(String... names) {
        BusbarProcess host = process("host", "", names);
        BusbarProcess card = process("card", """
                , "io.busbar.tools.cardos~one": {"bus": "%s"}, "io.busbar.tools.cardos~two": {"bus": "%s"}
                """.formatted((Object[]) names), names);
        for (String name : names) {
            Eventually.within(SOON, () -> host.log().contains(name + ": the other process is there")
                    && card.log().contains(name + ": the other process is there"), () -> name + " is there");
        }
        return Stream.of(names).map(name -> new TestCard(host, card, name)).toList();
    }

    @Override
    CardOs boot(TestCard card, ByteChannel console, List<CardDevice> devices) {
        return new BuiltinOs(card.name(), console, devices);
    }
}
