package io.busbar.itests.guest;

import java.nio.file.Path;
import java.util.List;

/** Two guests whose cards are served as they are. */
final class UmlSwitchIT extends SwitchTests {

    @Override
    List<Home> homes(Path state) {
        Home home = Home.onHost(state);
        return List.of(home, home);
    }
}
