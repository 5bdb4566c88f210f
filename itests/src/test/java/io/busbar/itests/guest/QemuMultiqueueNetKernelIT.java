package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.List;
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
        List<JsonElement> queues = JsonParser.parseString(busbar.ok("vdpa", "-j", "dev", "vstats", "show", device)).getAsJsonObject()
                .getAsJsonObject("vstats").getAsJsonObject(device).getAsJsonArray("queues").asList();
        for (int queue = 0; queue < 4; queue++) {
            String counter = queue % 2 == 0 ? "rx packets" : "tx packets";
            assertThat(queues.get(queue).getAsJsonObject().get(counter).getAsLong()).as("queue %d", queue).isPositive();
        }
    }
}
