package io.busbar.backends.switch_;

import static io.busbar.backends.switch_.Frames.ALICE;
import static io.busbar.backends.switch_.Frames.BOB;
import static io.busbar.backends.switch_.Frames.BROADCAST;
import static io.busbar.backends.switch_.Frames.CAROL;
import static io.busbar.backends.switch_.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.NetBackend;
import io.busbar.api.backend.NetInfo;
import io.busbar.backends.switch_.Station.Sent;
import io.busbar.core.virtio.net.NetHeaderLayout;
import io.busbar.testkit.machine.Eventually;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames from port to port. */
class SwitchBackendTest {

    private final Networks networks = new Networks();
    private final Station alice = Station.plug(networks, "net0");
    private final Station bob = Station.plug(networks, "net1");
    private final Station carol = Station.plug(networks, "net2");

    @AfterEach
    void unplug() {
        alice.close();
        bob.close();
        carol.close();
        assertThat(networks.all()).isEmpty();
    }

    private long count(Station station, Count count) {
        return networks.ports().get(station.deviceName()).count(count);
    }

    @Test
    void a_frame_to_a_station_that_is_not_known_goes_to_all_others_and_one_to_a_known_one_to_it_alone() {
        alice.send(frame(BOB, ALICE, "where are you"));
        assertThat(bob.texts()).containsExactly("where are you");
        assertThat(carol.texts()).containsExactly("where are you");
        assertThat(alice.texts()).isEmpty();
        bob.send(frame(ALICE, BOB, "here"));
        assertThat(alice.texts()).containsExactly("here");
        assertThat(carol.texts()).isEmpty();
        alice.send(frame(BOB, ALICE, "fine"));
        assertThat(bob.texts()).containsExactly("fine");
        assertThat(carol.texts()).isEmpty();
        assertThat(count(alice, Count.FLOODED)).isOne();
        assertThat(count(alice, Count.LEARNED)).isOne();
        assertThat(count(alice, Count.IN_FRAMES)).isEqualTo(2);
        assertThat(count(bob, Count.OUT_FRAMES)).isEqualTo(2);
        assertThat(count(bob, Count.OUT_BYTES)).isEqualTo(14 + 13 + 14 + 4);
    }

    @ParameterizedTest
    @ValueSource(strings = {BROADCAST, "01:00:5e:00:00:fb", "33:33:00:00:00:01", "01:80:c2:00:00:00"})
    void a_frame_to_a_group_goes_to_all_others(String group) {
        bob.send(frame(BROADCAST, BOB, ""));
        drain();
        alice.send(frame(group, ALICE, "all"));
        assertThat(bob.texts()).containsExactly("all");
        assertThat(carol.texts()).containsExactly("all");
        assertThat(alice.texts()).isEmpty();
    }

    private void drain() {
        alice.texts();
        bob.texts();
        carol.texts();
    }

    @ParameterizedTest
    @ValueSource(strings = {"01:80:c2:00:00:01", "01:80:c2:00:00:0e", "01:80:c2:00:00:0f"})
    void a_frame_that_ends_at_a_bridge_goes_nowhere(String group) {
        alice.send(frame(group, ALICE, "pause"));
        assertThat(bob.texts()).isEmpty();
        assertThat(count(alice, Count.LINK_LOCAL)).isOne();
    }

    @ParameterizedTest
    @ValueSource(strings = {BROADCAST, "01:00:5e:00:00:fb", "00:00:00:00:00:00"})
    void a_frame_from_what_is_no_station_goes_nowhere(String source) {
        alice.send(frame(BOB, source, "who am I"));
        assertThat(bob.texts()).isEmpty();
        assertThat(count(alice, Count.BAD_SOURCE)).isOne();
    }

    @Test
    void a_frame_never_leaves_on_the_port_on_which_it_came() {
        alice.send(frame(BROADCAST, BOB, ""));
        drain();
        alice.send(frame(BOB, ALICE, "my own bridge has it already"));
        assertThat(alice.texts()).isEmpty();
        assertThat(bob.texts()).isEmpty();
        assertThat(count(alice, Count.OWN_STATION)).isOne();
    }

    @Test
    void a_station_that_moves_is_found_at_its_new_port() {
        bob.send(frame(BROADCAST, BOB, ""));
        drain();
        carol.send(frame(BROADCAST, BOB, "I moved"));
        drain();
        alice.send(frame(BOB, ALICE, "hello"));
        assertThat(carol.texts()).containsExactly("hello");
        assertThat(bob.texts()).isEmpty();
    }

    @Test
    void stations_of_a_port_that_is_gone_are_looked_for_again() {
        carol.send(frame(BROADCAST, BOB, ""));
        drain();
        carol.close();
        alice.send(frame(BOB, ALICE, "hello"));
        assertThat(bob.texts()).containsExactly("hello");
        try (Station dave = Station.plug(networks, "net3")) {
            alice.send(frame(BOB, ALICE, "again"));
            assertThat(dave.texts()).containsExactly("again");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 60, 127, 128, 129, 1514, 9014, 65_550})
    void a_frame_of_any_length_arrives_as_it_was_with_its_header(int length) {
        byte[] sent = new byte[length];
        new Random(length).nextBytes(sent);
        System.arraycopy(frame(BROADCAST, ALICE, ""), 0, sent, 0, 14);
        for (int round = 0; round < 200; round++) {
            Sent frame = new Sent(sent).with(NetHeaderLayout.GSO_SIZE, 1000 + round);
            assertThat(alice.send(0, frame)).isTrue();
            for (Station station : new Station[] {bob, carol}) {
                byte[] got = station.receiveWhole(0);
                assertThat(got).hasSize(NetBackend.HEADER_BYTES + length);
                assertThat(Arrays.copyOfRange(got, NetBackend.HEADER_BYTES, got.length)).isEqualTo(sent);
                assertThat(Byte.toUnsignedInt(got[4]) | Byte.toUnsignedInt(got[5]) << 8).isEqualTo(1000 + round);
            }
        }
    }

    @Test
    void lengths_that_are_none_of_a_frame_are_dropped() {
        assertThat(alice.send(0, new Sent(new byte[13]))).isTrue();
        assertThat(alice.send(0, new Sent(new byte[65_551]))).isTrue();
        assertThat(count(alice, Count.MALFORMED)).isEqualTo(2);
        assertThat(bob.texts()).isEmpty();
    }

    @Test
    void a_frame_whose_memory_is_gone_is_dropped_and_the_next_one_arrives() {
        alice.send(0, new Sent(frame(BROADCAST, ALICE, new byte[1000])).vanished());
        assertThat(count(alice, Count.FAULTS)).isOne();
        alice.send(frame(BROADCAST, ALICE, "next"));
        assertThat(bob.texts()).containsExactly("next");
    }

    /** What the driver writes while its frame is on the way changes no copy differently from another, and no decision. */
    @Test
    void copies_are_equal_whatever_the_driver_writes_meanwhile() throws Exception {
        Sent frame = new Sent(frame(BROADCAST, ALICE, new byte[3000]));
        boolean[] stop = new boolean[1];
        Thread writer = Thread.ofPlatform().start(() -> {
            for (byte value = 0; !stop[0]; value++) {
                for (int at = 6; at < frame.bytes().byteSize(); at += 97) {
                    frame.bytes().set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, value);
                }
                Thread.yield();
            }
        });
        for (int round = 0; round < 2000; round++) {
            alice.send(0, frame);
            byte[] one = bob.receive();
            byte[] other = carol.receive();
            assertThat(one == null ? null : one).isEqualTo(other);
            if (one != null) {
                assertThat(one[6] & 1).as("a source that was judged to be a station").isZero();
            }
        }
        stop[0] = true;
        writer.join();
    }

    @Test
    void networks_are_apart() throws Exception {
        try (Station stranger = Station.tryPlug(networks, "net9", "network", "lan9")) {
            alice.send(frame(BROADCAST, ALICE, "here"));
            assertThat(stranger.texts()).isEmpty();
            assertThat(bob.texts()).containsExactly("here");
        }
    }

    @Test
    void a_receiver_is_told_only_after_it_found_nothing() {
        assertThat(bob.texts()).isEmpty();
        alice.send(frame(BROADCAST, ALICE, "one"));
        alice.send(frame(BROADCAST, ALICE, "two"));
        assertThat(bob.timesReadable(0)).isOne();
        assertThat(bob.texts()).containsExactly("one", "two");
        alice.send(frame(BROADCAST, ALICE, "three"));
        assertThat(bob.timesReadable(0)).isEqualTo(2);
    }

    @Test
    void frames_for_a_driver_that_has_left_are_not_kept_for_the_next() {
        bob.send(frame(BROADCAST, BOB, ""));
        drain();
        alice.send(frame(BOB, ALICE, "for the first"));
        bob.backend().usePairs(0);
        alice.send(frame(BOB, ALICE, "for nobody"));
        alice.send(frame(BROADCAST, ALICE, "for those who are there"));
        bob.backend().usePairs(1);
        alice.send(frame(BROADCAST, ALICE, "for the second"));
        assertThat(bob.texts()).containsExactly("for the second");
        assertThat(count(bob, Count.AWAY)).isEqualTo(2);
    }

    @Test
    void a_station_whose_cable_is_pulled_is_looked_for_at_the_other_ports() {
        bob.send(frame(BROADCAST, BOB, ""));
        drain();
        bob.backend().plugged(false);
        alice.send(frame(BOB, ALICE, "hello"));
        assertThat(carol.texts()).as("where Bob may have another card").containsExactly("hello");
        assertThat(bob.texts()).isEmpty();
        bob.backend().plugged(true);
        alice.send(frame(BOB, ALICE, "again"));
        assertThat(bob.texts()).containsExactly("again");
    }

    @Test
    void it_offers_what_frames_in_memory_allow() {
        assertThat(alice.backend().info()).isEqualTo(new NetInfo(65_521, Short.MAX_VALUE, true, true, true));
    }

    @Test
    void the_clock_stands_still_while_there_is_no_frame_and_goes_on_with_the_next() {
        alice.send(frame(BROADCAST, ALICE, ""));
        Network network = networks.network("lan0").orElseThrow();
        Eventually.that(() -> Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().equals("busbar-switch-clock"))
                .allMatch(thread -> Arrays.stream(thread.getValue()).anyMatch(call -> call.getMethodName().equals("sleep"))),
                () -> "the clock does not sleep");
        int before = network.seconds();
        Eventually.that(() -> network.seconds() > before, () -> "the clock stays at " + before);
    }
}
