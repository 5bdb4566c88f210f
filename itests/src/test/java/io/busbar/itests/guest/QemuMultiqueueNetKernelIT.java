package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A network device of ours under a kernel with two processors in QEMU, a queue pair for each. */
final class QemuMultiqueueNetKernelIT extends NetKernelTests {

    QemuMultiqueueNetKernelIT() {
        super(new Qemu(2, false), 2);
    }

    @Override
    String longMtu() {
        return "ifconfig eth0 mtu 9000";
    }

    @Test
    void bothPairsCarryFramesWhenBothProcessorsSend() throws IOException {
        String device = add();
        assertThat(run("taskset 1 /tmp/frames eth0 500; taskset 2 /tmp/frames eth0 500", device))
                .containsSubsequence("frames whole: 500", "frames whole: 500");
        NetDevice shown = new NetDevice(busbar, device);
        for (int pair = 0; pair < 2; pair++) {
            assertThat(shown.counts("rx packets").get(2 * pair)).as("received by pair %d", pair).isPositive();
            assertThat(shown.counts("tx packets").get(2 * pair + 1)).as("sent by pair %d", pair).isPositive();
        }
    }
}
