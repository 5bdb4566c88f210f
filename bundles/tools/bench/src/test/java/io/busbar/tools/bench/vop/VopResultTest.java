package io.busbar.tools.bench.vop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.busbar.tools.bench.UsageException;
import io.busbar.tools.bench.block.Measurement;
import io.busbar.tools.bench.block.Workload;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Figures of the comparison with and without a card, the counts of its link, and the command line. */
class VopResultTest {

    private static final String BEFORE = """
            mic0:
            end   device  queue  posted  posted_bytes  reads  read_bytes  doorbells  interrupts  dma  dma_bytes  nanos
            host  link    -          10            80      3          12          1           0    0          0     50
            host  disk0   0          10           100      0           0          5           5    4       4096    900
            card  block0  0           7            70      0           0          5           5    0          0    700
            """;
    private static final String AFTER = """
            mic0:
            end   device  queue  posted  posted_bytes  reads  read_bytes  doorbells  interrupts  dma  dma_bytes  nanos
            host  link    -          90            80     30          12          1           0    0          0     50
            host  disk0   -           0             0      0           0          0           2    0          0      0
            host  disk0   0          30           300      0           0          9           6    8      12288   1900
            card  block0  0          17            90      %d           4          7           5    0          0    800
            """;

    @Test
    void countsAreThoseOfTheDevicesOfOneEnd() throws IOException {
        LinkCounts host = LinkCounts.of(AFTER.formatted(0), "host").since(LinkCounts.of(BEFORE, "host"));

        assertThat(host.values()).containsEntry("posted", 20L).containsEntry("posted_bytes", 200L).containsEntry("reads", 0L)
                .containsEntry("doorbells", 4L).containsEntry("interrupts", 3L).containsEntry("dma", 4L)
                .containsEntry("dma_bytes", 8192L).containsEntry("nanos", 1000L);
        assertThat(host.each("dma_bytes", 2)).isEqualTo(4096);
    }

    @Test
    void anotherTableIsRefused() {
        assertThatThrownBy(() -> LinkCounts.of("mic0:\n", "host")).isInstanceOf(IOException.class).hasMessageContaining("heading");
        assertThatThrownBy(() -> LinkCounts.of("end queue\nhost 0\n", "host")).isInstanceOf(IOException.class)
                .hasMessageContaining("[end, queue]");
    }

    @Test
    void theFloorIsOfTheMedianOfThePairs() throws IOException {
        assertThat(result(Workload.RANDOM_READ_32, 0, 0.1, 0.4, 0.5).failures()).isEmpty();
        assertThat(result(Workload.RANDOM_READ_32, 0, 0.1, 0.39, 0.5).failures()).singleElement().asString()
                .contains("0.39 of the direct way's rate, expected at least 0.40");
        assertThat(result(Workload.RANDOM_READ_1, 0, 0.1).failures()).isEmpty();
    }

    @Test
    void aReadOverTheLinkFails() throws IOException {
        assertThat(result(Workload.RANDOM_READ_1, 2, 1).failures()).singleElement().asString()
                .contains("the card read 2 times over the link for 10 requests, expected never");
    }

    @Test
    void aLineHasTheFiguresOfBothWaysAndEnds() throws IOException {
        VopResult result = result(Workload.RANDOM_READ_32, 0, 0.5, 0.6, 0.7);

        assertThat(result.lines().getFirst()).contains("over the card", "600", "0.60   0.50 to 0.70");
        assertThat(result.lines().getLast()).contains("direct", "1000");
        assertThat(result.linkLines().getFirst()).contains("host", "2.000", "100");
        assertThat(result.linkLines().getLast()).contains("card", "1.000", "10");
    }

    @Test
    void aWrongCommandLineIsRefusedWithWhatWasExpected() {
        assertThatThrownBy(() -> VopOptions.parse(List.of("--only", "direct-randread-4k-qd32"))).isInstanceOf(UsageException.class)
                .hasMessageContaining("expected one of randread-4k-qd1");
        assertThatThrownBy(() -> VopOptions.parse(List.of("--check", "--quick"))).isInstanceOf(UsageException.class);
        assertThatThrownBy(() -> VopOptions.parse(List.of("--dma-threshold", "1"))).isInstanceOf(UsageException.class)
                .hasMessageContaining("64 to 1048576");
        assertThatThrownBy(() -> VopOptions.parse(List.of("fast"))).isInstanceOf(UsageException.class).hasMessageContaining("fast");
    }

    @Test
    void allWorkloadsButTheDirectOneAreMeasuredUnlessSaid() throws UsageException {
        assertThat(VopOptions.parse(List.of()).workloads()).hasSize(4).doesNotContain(Workload.DIRECT_READ_32);
        assertThat(VopOptions.parse(List.of("--only=randread-4k-qd32")).workloads()).containsExactly(Workload.RANDOM_READ_32);
    }

    private static VopResult result(Workload workload, int reads, double... ratios) throws IOException {
        List<Measurement> direct = Arrays.stream(ratios).mapToObj(ratio -> new Measurement(1000, 10_000, 20_000, 0, 0)).toList();
        List<Measurement> card = Arrays.stream(ratios)
                .mapToObj(ratio -> new Measurement(1000 * ratio, 20_000, 50_000, 0, 0)).toList();
        String after = AFTER.formatted(reads);
        return new VopResult(workload, card, direct, 10, LinkCounts.of(after, "host").since(LinkCounts.of(BEFORE, "host")),
                LinkCounts.of(after, "card").since(LinkCounts.of(BEFORE, "card")));
    }
}
