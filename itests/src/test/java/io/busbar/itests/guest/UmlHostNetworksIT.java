package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A guest whose cards are served as they are. */
final class UmlHostNetworksIT extends HostNetworkTests {

    @Override
    Home home(Path state) {
        return Home.onHost(state);
    }

    /** With 16 flows, as each goes by one pair. */
    @Test
    void byATapInterfaceASecondQueuePairIsUsedWhileTheGuestWantsIt() {
        guest.iperf(TAP_HOST, "-t", "1", "-P", "16");
        long sentBefore = tap.counts("tx packets").get(3);
        long receivedBefore = tap.counts("rx packets").get(2);
        guest.run("ethtool -L eth0 combined 2");
        try {
            guest.iperf(TAP_HOST, "-t", "1", "-P", "16");
            guest.iperf(TAP_HOST, "-t", "1", "-P", "16", "-R");
            assertThat(tap.counts("tx packets").get(3) - sentBefore).as("sent by the second pair").isGreaterThan(100);
            assertThat(tap.counts("rx packets").get(2) - receivedBefore).as("received by the second pair").isGreaterThan(100);
        } finally {
            guest.run("ethtool -L eth0 combined 1");
        }
        long received = tap.counts("rx packets").get(2);
        guest.iperf(TAP_HOST, "-t", "1", "-P", "16", "-R");
        assertThat(tap.counts("rx packets").get(2)).as("received by the second pair, which is not wanted any more").isEqualTo(received);
    }
}
