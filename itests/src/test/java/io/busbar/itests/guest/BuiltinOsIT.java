package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import java.nio.channels.ByteChannel;
import java.util.List;
import java.util.stream.Stream;

/** The built-in operating system on X100 cards: no kernel is needed for these tests. */
final class BuiltinOsIT extends CardOsTests {

    @Override
    List<TestCard> start(String... names) {
        BusbarProcess busbar = closing(BusbarProcess.in(folder).configuration("""
                {"io.busbar.drivers.x100~one": {"name": "%1$s"}, "io.busbar.drivers.x100~two": {"name": "%2$s"},
                 "io.busbar.tools.cardos~one": {"bus": "%1$s"}, "io.busbar.tools.cardos~two": {"bus": "%2$s"}}
                """.formatted((Object[]) names)).start());
        return Stream.of(names).map(name -> new TestCard(busbar, busbar, name)).toList();
    }

    @Override
    CardOs boot(TestCard card, ByteChannel console, List<CardDevice> devices) {
        return new BuiltinOs(card.name(), console, devices);
    }
}
