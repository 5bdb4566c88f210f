package io.busbar.itests.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

/**
 * What {@code iperf3 --json} has measured at its end.
 *
 * @param sent     bytes that were sent
 * @param received bytes of them that arrived
 * @param bits     that arrived in a second
 */
record Iperf(long sent, long received, double bits) {

    /** Reads its report; one that speaks of an error, or of nothing that was moved, fails the test. */
    static Iperf of(String report) {
        JsonObject shown = JsonParser.parseString(report).getAsJsonObject();
        assertThat(shown.has("error")).as("error of iperf3: %s", report).isFalse();
        JsonObject sent = shown.getAsJsonObject("end").getAsJsonObject("sum_sent");
        JsonObject received = shown.getAsJsonObject("end").getAsJsonObject("sum_received");
        Iperf measured = new Iperf(
                sent.get("bytes").getAsLong(), received.get("bytes").getAsLong(), received.get("bits_per_second").getAsDouble());
        assertThat(measured.sent()).as("bytes sent").isPositive();
        assertThat(measured.received()).as("bytes received").isPositive();
        assertThat(measured.bits()).as("bits in a second").isPositive();
        return measured;
    }

    @Override
    public String toString() {
        return "%.0f Mbit/s".formatted(bits / 1e6);
    }
}
