package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.itests.Eventually;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A network device of ours under User Mode Linux. */
final class UmlNetKernelIT extends UmlNetKernelTests {

    @Test
    void severalQueuePairsAreTakenIntoUseByCommand() throws IOException {
        String device = add("max_vqp", "3");
        List<String> output = run("""
                /tmp/frames eth0 500
                /tmp/frames eth0 pairs 3
                /tmp/frames eth0 2000
                /tmp/frames eth0 pairs 1
                /tmp/frames eth0 500
                """, device);
        assertThat(output).containsSubsequence("pairs: 1 of 3", "pairs: 3 of 3", "frames whole: 2000", "pairs: 1 of 3",
                "frames whole: 500");
        assertThat(config(device)).contains("max_vq_pairs 3");
        assertNothingLost(device);
    }
}
