package io.busbar.backends.switch_;

import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.testkit.machine.Allocation;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MacTableTest {

    private static final long ALICE = 0x0200_0000_000aL;
    private static final int FIRST = MacTable.owner(0, 0);
    private static final int SECOND = MacTable.owner(1, 1);

    private final MacTable table = new MacTable(0x1234_5678_9abcL);

    @Test
    void a_station_is_found_where_it_was_heard() {
        assertThat(table.find(1, ALICE, 0)).isEqualTo(MacTable.NOBODY);
        assertThat(table.learn(1, ALICE, FIRST, 0)).isEqualTo(MacTable.LEARNED);
        assertThat(table.learn(1, ALICE, FIRST, 0)).isEqualTo(MacTable.KNOWN);
        assertThat(table.find(1, ALICE, 0)).isEqualTo(FIRST);
    }

    @Test
    void the_same_address_in_two_vlans_is_two_stations() {
        table.learn(1, ALICE, FIRST, 0);
        table.learn(2, ALICE, SECOND, 0);
        assertThat(table.find(1, ALICE, 0)).isEqualTo(FIRST);
        assertThat(table.find(2, ALICE, 0)).isEqualTo(SECOND);
        assertThat(table.find(3, ALICE, 0)).isEqualTo(MacTable.NOBODY);
    }

    @Test
    void a_station_that_moves_is_found_at_its_new_place() {
        table.learn(1, ALICE, FIRST, 0);
        table.learn(1, ALICE, SECOND, 0);
        assertThat(table.find(1, ALICE, 0)).isEqualTo(SECOND);
        table.learn(1, ALICE, FIRST, 0);
        assertThat(table.find(1, ALICE, 0)).isEqualTo(FIRST);
    }

    @Test
    void a_station_that_is_silent_for_300_seconds_is_forgotten() {
        table.learn(1, ALICE, FIRST, 10);
        assertThat(table.find(1, ALICE, 309)).isEqualTo(FIRST);
        assertThat(table.find(1, ALICE, 310)).isEqualTo(MacTable.NOBODY);
        assertThat(table.entries(310)).isEmpty();
        table.learn(1, ALICE, FIRST, 320);
        assertThat(table.find(1, ALICE, 619)).isEqualTo(FIRST);
    }

    @Test
    void what_a_port_had_learned_goes_with_it() {
        table.learn(1, ALICE, FIRST, 0);
        table.learn(1, ALICE + 1, SECOND, 0);
        table.forget(FIRST);
        assertThat(table.find(1, ALICE, 0)).isEqualTo(MacTable.NOBODY);
        assertThat(table.find(1, ALICE + 1, 0)).isEqualTo(SECOND);
        assertThat(table.learn(1, ALICE, SECOND, 0)).isEqualTo(MacTable.LEARNED);
    }

    @Test
    void one_port_cannot_fill_the_table() {
        int learned = 0;
        for (long i = 0; i < 100_000; i++) {
            learned += table.learn(1, ALICE + i, FIRST, 0) == MacTable.LEARNED ? 1 : 0;
        }
        assertThat(learned).isEqualTo(MacTable.MOST_OF_A_PORT);
        assertThat(table.learn(1, 0x0266_0000_0000L, SECOND, 0)).isEqualTo(MacTable.LEARNED);
        // What has aged makes room.
        table.forget(FIRST);
        assertThat(table.learn(1, ALICE, FIRST, 0)).isEqualTo(MacTable.LEARNED);
    }

    @Test
    void a_full_table_keeps_what_it_has_and_what_is_old_makes_room() {
        for (int port = 0; port < 32; port++) {
            for (long i = 0; i < MacTable.MOST_OF_A_PORT; i++) {
                table.learn(1, ALICE + port * 100_000L + i, MacTable.owner(port, port), 0);
            }
        }
        assertThat(table.entries(0)).hasSizeBetween(MacTable.PLACES - 200, MacTable.PLACES);
        int another = MacTable.owner(99, 99);
        AtomicInteger refused = new AtomicInteger();
        for (long i = 0; i < 1000; i++) {
            if (table.learn(2, ALICE + i, another, 0) == MacTable.NO_ROOM) {
                assertThat(table.find(2, ALICE + i, 0)).isEqualTo(MacTable.NOBODY);
                refused.incrementAndGet();
            }
        }
        assertThat(refused.get()).isGreaterThan(900);
        for (long i = 0; i < 500; i++) {
            assertThat(table.learn(3, ALICE + i, another, MacTable.AGE)).isEqualTo(MacTable.LEARNED);
        }
    }

    @Test
    void entries_are_listed_in_order_with_their_age() {
        table.learn(2, ALICE, FIRST, 5);
        table.learn(1, ALICE + 1, FIRST, 6);
        table.learn(1, ALICE, SECOND, 7);
        assertThat(table.entries(10)).containsExactly(
                new MacTable.Entry(1, ALICE, SECOND, 3),
                new MacTable.Entry(1, ALICE + 1, FIRST, 4),
                new MacTable.Entry(2, ALICE, FIRST, 5));
    }

    @Test
    void nothing_is_allocated() {
        AtomicInteger now = new AtomicInteger();
        assertThat(Allocation.ofManyCalls(() -> {
            int second = now.incrementAndGet();
            table.learn(1, ALICE + second % 20_000, FIRST, second);
            table.find(1, ALICE, second);
        })).isZero();
    }

    /** Each address belongs to one owner only, so whatever two threads do at once, no other may be found. */
    @Test
    void what_is_found_belongs_to_the_address_whatever_is_learned_and_forgotten_meanwhile() throws Exception {
        int addresses = 60_000;
        List<Thread> threads = new ArrayList<>();
        AtomicInteger wrong = new AtomicInteger();
        for (int t = 0; t < 3; t++) {
            int start = t * 7919;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 400_000; i++) {
                    int which = (start + i * 31) % addresses;
                    int owner = MacTable.owner(which % 64, 1);
                    // Time flies, so that places change hands all the time.
                    int now = i / 100;
                    table.learn(1, ALICE + which, owner, now);
                    int other = (which * 13 + i) % addresses;
                    int found = table.find(1, ALICE + other, now);
                    if (found != MacTable.NOBODY && found != MacTable.owner(other % 64, 1)) {
                        wrong.incrementAndGet();
                    }
                    if (i % 50_000 == 0) {
                        table.forget(owner);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(wrong.get()).isZero();
    }
}
