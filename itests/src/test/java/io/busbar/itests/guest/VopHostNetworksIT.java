package io.busbar.itests.guest;

import java.nio.file.Path;

/** A guest that is the operating system of an X100 card: it reaches its host over the link, and by what the host's devices are plugged into. */
final class VopHostNetworksIT extends HostNetworkTests {

    @Override
    Home home(Path state) {
        return Home.onCard(state);
    }
}
