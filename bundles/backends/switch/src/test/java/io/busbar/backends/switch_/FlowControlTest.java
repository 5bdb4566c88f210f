package io.busbar.backends.switch_;

import static io.busbar.backends.switch_.Frames.ALICE;
import static io.busbar.backends.switch_.Frames.BOB;
import static io.busbar.backends.switch_.Frames.BROADCAST;
import static io.busbar.backends.switch_.Frames.CAROL;
import static io.busbar.backends.switch_.Frames.frame;
import static io.busbar.backends.switch_.Frames.tcp;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.backends.switch_.Station.Sent;
import io.busbar.testkit.machine.Allocation;
import io.busbar.testkit.machine.Eventually;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who waits for whom, what is lost, and that order holds. */
class FlowControlTest {

    /** Nobody waits for longer for a ring of which nothing is taken; a little less, as it is not measured from the same moment. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(90);

    private final Networks networks = new Networks();
    private final Station alice = Station.plug(networks, "net0", 2);
    private final Station bob = Station.plug(networks, "net1", 4);
    private final Station carol = Station.plug(networks, "net2");

    @AfterEach
    void unplug() {
        alice.close();
        bob.close();
        carol.close();
        Eventually.noThreadIsNamed("busbar-switch-clock");
    }

    private long count(Station station, Count count) {
        return networks.ports().get(station.deviceName()).count(count);
    }

    /** Lets the switch know where Bob is. */
    private void announceBob() {
        bob.send(frame(BROADCAST, BOB, ""));
        alice.texts();
        carol.texts();
    }

    private int fillBob(Sent frame) {
        int sent = 0;
        while (alice.send(0, frame)) {
            sent++;
        }
        return sent;
    }

    @Test
    void a_sender_is_held_back_while_its_destination_is_full_and_told_when_there_is_room() {
        announceBob();
        int sent = fillBob(new Sent(frame(BOB, ALICE, new byte[1500])));
        assertThat(sent).isEqualTo(Port.RING_BYTES / 1536);
        assertThat(count(alice, Count.HELD)).isOne();
        int taken = 0;
        while (alice.timesWritable(0) == 0) {
            assertThat(bob.receive()).isNotNull();
            taken++;
        }
        assertThat(taken).as("once, when a quarter is free").isBetween(1, sent / 3);
        assertThat(alice.send(0, new Sent(frame(BOB, ALICE, "room")))).isTrue();
        assertThat(bob.texts()).hasSize(sent - taken + 1).endsWith("room");
        assertThat(count(bob, Count.FULL)).isZero();
    }

    @Test
    void a_destination_that_takes_nothing_loses_frames_and_holds_nobody_back_until_it_takes_again() {
        announceBob();
        Sent frame = new Sent(frame(BOB, ALICE, new byte[1500]));
        int sent = fillBob(frame);
        Eventually.that(() -> alice.timesWritable(0) > 0, () -> "nobody looks after those who wait");
        assertThat(alice.send(0, frame)).isTrue();
        assertThat(alice.send(0, frame)).isTrue();
        assertThat(count(bob, Count.FULL)).isEqualTo(2);
        for (int i = 0; i < sent / 2; i++) {
            bob.receive();
        }
        fillBob(frame);
        assertThat(count(bob, Count.FULL)).as("it is waited for again").isEqualTo(2);
    }

    @Test
    void a_frame_for_all_never_holds_its_sender_back() {
        for (int i = 0; i < 2000; i++) {
            assertThat(alice.send(0, new Sent(frame(BROADCAST, ALICE, new byte[1500])))).isTrue();
        }
        assertThat(count(bob, Count.FULL)).isEqualTo(2000 - Port.RING_BYTES / 1536);
        assertThat(count(carol, Count.FULL)).isEqualTo(2000 - Port.RING_BYTES / 1536);
    }

    @Test
    void a_sender_that_waits_for_a_port_which_leaves_is_let_go() {
        announceBob();
        fillBob(new Sent(frame(BOB, ALICE, new byte[1500])));
        bob.close();
        assertThat(alice.timesWritable(0)).isOne();
        assertThat(alice.send(0, new Sent(frame(BOB, ALICE, "gone")))).isTrue();
        assertThat(carol.texts()).containsExactly("gone");
    }

    @Test
    void the_frames_of_a_flow_come_through_one_pair_in_either_direction_and_flows_are_spread_over_those_in_use() {
        announceBob();
        Map<Integer, Integer> flowsOfPair = new HashMap<>();
        for (int used : new int[] {1, 2, 4}) {
            bob.backend().usePairs(used);
            flowsOfPair.clear();
            for (int port = 1000; port < 1200; port++) {
                for (int number = 0; number < 3; number++) {
                    alice.send(number % 2, new Sent(tcp(BOB, ALICE, port, number)));
                }
                int pair = pairWithAFrame();
                for (int number = 0; number < 3; number++) {
                    assertThat(ByteBuffer.wrap(bob.receiveWhole(pair)).getInt(12 + 54)).isEqualTo(number);
                }
                flowsOfPair.merge(pair, 1, Integer::sum);
            }
            assertThat(flowsOfPair).hasSize(used);
            assertThat(flowsOfPair.values()).allSatisfy(flows -> assertThat(flows).isGreaterThan(200 / used / 3));
        }
    }

    private int pairWithAFrame() {
        for (int pair = 0; pair < 4; pair++) {
            if (bob.backend().peek(pair) != null) {
                return pair;
            }
        }
        throw new AssertionError("no frame");
    }

    @Test
    void datagrams_and_their_fragments_come_through_the_same_pair() {
        announceBob();
        bob.backend().usePairs(4);
        byte[] whole = tcp(BOB, ALICE, 4711, 1);
        whole[14 + 9] = 17;
        byte[] fragment = whole.clone();
        fragment[14 + 6] = 0x20;
        fragment[34] = 99;
        alice.send(0, new Sent(whole));
        int pair = pairWithAFrame();
        bob.receiveWhole(pair);
        alice.send(0, new Sent(fragment));
        assertThat(pairWithAFrame()).isEqualTo(pair);
    }

    @Test
    void nothing_is_allocated_for_a_frame() {
        announceBob();
        alice.send(0, new Sent(frame(BROADCAST, ALICE, "")));
        bob.texts();
        carol.texts();
        Sent unicast = new Sent(frame(BOB, ALICE, new byte[1500]));
        Sent small = new Sent(tcp(BOB, ALICE, 5, 5));
        Sent broadcast = new Sent(frame(BROADCAST, ALICE, new byte[200]));
        assertThat(Allocation.leastOf(() -> {
            for (int i = 0; i < 350_000; i++) {
                alice.send(0, unicast);
                alice.send(1, small);
                alice.send(0, broadcast);
                drainQuietly(bob, 0);
                drainQuietly(carol, 0);
            }
        })).as("over a million frames").isZero();
    }

    @Test
    void nothing_is_allocated_when_senders_are_held_back() {
        announceBob();
        Sent frame = new Sent(frame(BOB, ALICE, new byte[1500]));
        assertThat(Allocation.leastOf(() -> {
            for (int i = 0; i < 100; i++) {
                while (alice.send(0, frame)) {
                    // Until it is held.
                }
                drainQuietly(bob, 0);
            }
        })).isZero();
    }

    private static void drainQuietly(Station station, int pair) {
        while (station.backend().peek(pair) != null) {
            station.backend().taken(pair);
        }
    }

    /**
     * Two ports send numbered frames to one, each from two queues, as fast as it goes, and go to sleep as a worker does when
     * they are held back; the receiver sleeps when it has nothing.
     */
    @Test
    void of_several_senders_none_is_lost_while_frames_are_taken_and_none_is_doubled_or_reordered() throws Exception {
        announceBob();
        bob.backend().usePairs(4);
        int flows = 3;
        int each = 150_000;
        List<Thread> senders = new ArrayList<>();
        senders.add(sender(alice, 0, ALICE, 0, each));
        senders.add(sender(alice, 1, ALICE, 1, each));
        senders.add(sender(carol, 0, CAROL, 2, each));
        Taken taken = new Taken(flows);
        List<Thread> receivers = new ArrayList<>();
        for (int pair = 0; pair < 4; pair++) {
            receivers.add(receiver(pair, taken, (long) flows * each));
        }
        for (Thread thread : senders) {
            thread.join();
        }
        Eventually.that(() -> taken.frames.get() + count(bob, Count.FULL) == (long) flows * each,
                () -> taken.frames + " frames of " + flows * each + ", " + count(bob, Count.FULL) + " dropped");
        for (Thread thread : receivers) {
            thread.join();
        }
        assertThat(taken.outOfOrder).hasValue(0);
        if (count(bob, Count.FULL) > 0) {
            assertThat(taken.longestAway.get()).as("nanoseconds for which the machine did not let a receiver take anything")
                    .isGreaterThan(PATIENCE_NANOS);
        }
    }

    /** What receivers took, and for how long one of them was kept from it at the most. */
    private static final class Taken {

        final AtomicLong frames = new AtomicLong();
        final AtomicLong outOfOrder = new AtomicLong();
        final AtomicLong longestAway = new AtomicLong();
        /** Frames that found no room, when it was looked last. */
        volatile long lost;
        /** Of each flow, which has one pair and so one thread: the number of its last frame. */
        private final int[] last;

        Taken(int flows) {
            last = new int[flows];
            Arrays.fill(last, -1);
        }

        void take(byte[] frame) {
            ByteBuffer bytes = ByteBuffer.wrap(frame);
            int flow = bytes.getShort(12 + 34) - 1000;
            int number = bytes.getInt(12 + 54);
            if (number <= last[flow]) {
                outOfOrder.incrementAndGet();
            }
            last[flow] = number;
            frames.incrementAndGet();
        }

        /** A receiver runs; it did so last at that time. Returns the time. */
        long runs(long before) {
            long now = System.nanoTime();
            longestAway.accumulateAndGet(now - before, Math::max);
            return now;
        }
    }

    private Thread sender(Station station, int pair, String address, int flow, int count) {
        return Thread.ofPlatform().start(() -> {
            for (int i = 0; i < count; i++) {
                byte[] bytes = tcp(BOB, address, 1000 + flow, i);
                Sent frame = new Sent(ByteBuffer.allocate(bytes.length + i % 700).put(bytes).array());
                int seen = station.timesWritable(pair);
                while (!station.send(pair, frame)) {
                    int before = seen;
                    Eventually.that(() -> station.timesWritable(pair) != before, () -> "held back for ever");
                    seen = station.timesWritable(pair);
                }
            }
        });
    }

    private Thread receiver(int pair, Taken taken, long all) {
        return Thread.ofPlatform().start(() -> {
            long[] ran = {System.nanoTime()};
            while (taken.frames.get() + taken.lost < all) {
                ran[0] = taken.runs(ran[0]);
                int seen = bob.timesReadable(pair);
                byte[] frame = bob.receiveWhole(pair);
                if (frame == null) {
                    Eventually.that(() -> {
                        ran[0] = taken.runs(ran[0]);
                        taken.lost = count(bob, Count.FULL);
                        return bob.timesReadable(pair) != seen || taken.frames.get() + taken.lost >= all;
                    }, () -> "never told");
                } else {
                    taken.take(frame);
                }
            }
        });
    }

    /** A guest that forwards all it gets between two ports of one network: frames go round for ever, and nothing grows. */
    @Test
    void a_loop_is_bounded_by_the_rings_and_other_stations_go_on() {
        announceBob();
        try (Station one = Station.plug(networks, "loop0");
                Station other = Station.plug(networks, "loop1")) {
            alice.send(0, new Sent(frame(BROADCAST, ALICE, "storm")));
            for (int round = 0; round < 20_000; round++) {
                forward(one, other);
                forward(other, one);
            }
            assertThat(count(one, Count.FULL) + count(other, Count.FULL) + count(bob, Count.FULL)).isPositive();
            bob.texts();
            // The storm says that Alice is behind the loop; Bob, whom it does not name, is still where he was.
            assertThat(carol.send(0, new Sent(frame(BOB, CAROL, "still here")))).isTrue();
            assertThat(bob.texts()).containsExactly("still here");
        }
    }

    private static void forward(Station from, Station to) {
        byte[] frame = from.receive();
        if (frame != null) {
            assertThat(to.send(frame)).as("a frame for all does not wait").isTrue();
        }
    }
}
