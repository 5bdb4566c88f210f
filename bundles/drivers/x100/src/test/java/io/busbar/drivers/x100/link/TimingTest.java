package io.busbar.drivers.x100.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vop.LinkMeter;
import org.junit.jupiter.api.Test;

/** The model's times against sums made by hand: 8000 bytes in a microsecond, packets of up to 256 bytes with 24 more. */
class TimingTest {

    private final Timing timing = new Timing(Timing.Mode.MODEL, 8000, 256, 24, 900, 1000, 500);

    @Test
    void aWriteTakesItsBytesAndThoseOfItsPackets() {
        assertThat(timing.wire(1, 8)).as("32 bytes").isEqualTo(4);
        assertThat(timing.wire(2, 8)).as("56 bytes").isEqualTo(7);
        assertThat(timing.wire(1, 256)).as("280 bytes").isEqualTo(35);
        assertThat(timing.wire(1, 257)).as("305 bytes in two packets, 38.125 ns").isEqualTo(39);
    }

    @Test
    void aReadWaitsForItsAnswerAndADoorbellIsAWriteOfFourBytes() {
        assertThat(timing.read(1, 4)).as("900 ns, 28 bytes in 3.5 ns").isEqualTo(904);
        assertThat(timing.read(2, 8)).as("1800 ns, 56 bytes").isEqualTo(1807);
        assertThat(timing.doorbell()).as("28 bytes in 3.5 ns").isEqualTo(4);
    }

    @Test
    void aTransferHasTheEnginesTimeAndThatOfAllItsPackets() {
        assertThat(timing.dma(64)).as("500 ns, 88 bytes").isEqualTo(511);
        assertThat(timing.dma(4096)).as("500 ns, 4096 + 16 * 24 bytes").isEqualTo(1060);
        assertThat(timing.dma(131_072)).as("500 ns, 131072 + 512 * 24 bytes").isEqualTo(18_420);
    }

    /** What a read of 4 KiB at depth 1 costs the host's end: header in and data out by DMA, four writes, a doorbell, a handler. */
    @Test
    void aRequestIsTheSumOfWhatItSends() {
        Meter meter = new Meter(timing);

        meter.dma(64);
        meter.dma(4096);
        meter.posted(1, 1);
        meter.posted(1, 8);
        meter.posted(1, 2);
        meter.posted(1, 2);
        meter.doorbell();
        meter.interrupt();

        assertThat(meter.read().nanos()).isEqualTo(511 + 1060 + 4 + 4 + 4 + 4 + 4 + 1000);
    }

    @Test
    void withoutTheModelNothingTakesTime() {
        LinkMeter meter = new Meter(Timing.NONE);

        meter.posted(1, 8);
        meter.nonPosted(1, 8);

        assertThat(meter.read().nanos()).isZero();
    }
}
