package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.util.List;
import java.util.stream.Stream;

/** Linux in User Mode Linux on X100 cards. */
final class LinuxOsIT extends CardOsTests {

    @Override
    List<TestCard> start(String... names) {
        Host.require("linux.uml", "user-mode-linux");
        BusbarProcess busbar = closing(BusbarProcess.in(folder).configuration("""
                {"io.busbar.drivers.x100~one": {"name": "%s"}, "io.busbar.drivers.x100~two": {"name": "%s"}}
                """.formatted((Object[]) names)).start());
        return Stream.of(names).map(name -> new TestCard(busbar, busbar, name)).toList();
    }

    @Override
    CardOs boot(TestCard card, ByteChannel console, List<CardDevice> devices) throws IOException {
        return new LinuxOs(Files.createDirectory(folder.resolve("linux-" + card.name())), devices);
    }
}
