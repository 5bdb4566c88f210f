package io.busbar.itests.guest;

import io.busbar.itests.BusbarProcess;
import java.nio.file.Path;
import java.util.List;

/** Two guests that are the operating systems of two X100 cards: a frame from one to the other crosses two links. */
final class VopSwitchIT extends SwitchTests {

    @Override
    List<Home> homes(Path state) {
        BusbarProcess busbar = Home.startWithCards(state, "mic0", "mic1");
        return List.of(Home.onCardOf(busbar, "mic0"), Home.onCardOf(busbar, "mic1"));
    }
}
