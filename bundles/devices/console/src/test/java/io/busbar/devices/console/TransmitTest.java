package io.busbar.devices.console;

import static io.busbar.devices.console.ConsoleFixture.TRANSMIT;
import static io.busbar.devices.console.ConsoleFixture.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.ConsoleViewer.Mode;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestPayload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Bytes from the driver: virtio 1.2, 5.3.6. */
class TransmitTest {

    private static final int DATA = VirtioConsole.transmitQueue(1);

    private static String text(int length) {
        StringBuilder text = new StringBuilder(length);
        new Random(length).ints(length, ' ', '~').forEach(c -> text.append((char) c));
        return text.toString();
    }

    @Test
    void what_the_driver_sends_goes_to_the_backend_and_to_viewers_and_the_buffer_comes_back_with_nothing_written()
            throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer viewer = console.model.view(0, Mode.WATCH, "me");
        TestChain chain = console.send("hello");
        assertThat(chain.written()).isZero();
        assertThat(console.backend.end(0).text()).isEqualTo("hello");
        assertThat(read(viewer)).isEqualTo("hello");
    }

    @Test
    void a_backend_that_has_room_for_less_gets_each_byte_once_and_the_buffer_waits_for_the_last() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).room = 3;
        TestChain first = console.send("hello ");
        TestChain second = console.send("world");
        assertThat(first.completions()).isZero();
        assertThat(console.backend.end(0).text()).isEqualTo("hel");
        for (int i = 0; i < 8; i++) {
            console.backend.end(0).room = 1;
            console.model.writable(0);
            console.serveWoken();
        }
        assertThat(console.backend.end(0).text()).isEqualTo("hello world");
        assertThat(first.written()).isZero();
        assertThat(second.written()).isZero();
    }

    @Test
    void bytes_are_in_order_and_whole_whatever_the_sizes_of_buffers_and_of_what_the_backend_takes() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        Random random = new Random(7);
        StringBuilder sent = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            String piece = text(random.nextInt(300));
            sent.append(piece);
            console.source(TRANSMIT).readable(ConsoleFixture.bytes(piece));
            console.backend.end(0).room = random.nextInt(600);
            console.serve(TRANSMIT);
        }
        console.backend.end(0).room = Long.MAX_VALUE;
        console.serve(TRANSMIT);
        assertThat(console.backend.end(0).text()).isEqualTo(sent.toString());
        assertThat(console.source(TRANSMIT).waiting()).isZero();
    }

    @Test
    void a_chain_of_4_gib_is_taken_in_turns_and_waits_while_the_backend_has_no_room() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        MemorySegment piece = Arena.ofAuto().allocate(1 << 24);
        MemorySegment[] pieces = new MemorySegment[256];
        Arrays.fill(pieces, piece);
        TestChain chain = console.source(TRANSMIT)
                .add(new TestChain(TestPayload.over(pieces), TestPayload.ofSizes()));
        console.backend.end(0).room = 100_000;
        console.serve(TRANSMIT);
        assertThat(console.backend.end(0).taken.size()).isEqualTo(100_000);
        console.context.takeWakes();
        console.serve(TRANSMIT);
        assertThat(console.backend.end(0).taken.size()).isEqualTo(100_000);
        assertThat(console.context.takeWakes()).isEmpty();
        console.backend.end(0).room = Long.MAX_VALUE;
        console.serve(TRANSMIT);
        assertThat(console.backend.end(0).taken.size()).isLessThan(1 << 20);
        assertThat(console.context.takeWakes()).containsExactly(TRANSMIT);
        assertThat(chain.completions()).isZero();
        assertThat(console.model.statistics(TRANSMIT).get("held back")).isEqualTo(1);
    }

    @Test
    void a_console_runs_on_with_nobody_there() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).visitor = ConsoleBackend.NOBODY;
        for (int i = 0; i < 100; i++) {
            assertThat(console.send(text(10_000)).written()).isZero();
        }
        assertThat(console.backend.end(0).text()).isEmpty();
        assertThat(console.model.statistics(TRANSMIT).get("unread bytes")).isEqualTo(1_000_000);
    }

    @Test
    void who_comes_late_to_the_console_is_written_the_last_whole_lines_first() throws Exception {
        ConsoleFixture console = new ConsoleFixture("scrollback", "20").start();
        console.backend.end(0).visitor = ConsoleBackend.NOBODY;
        console.send("line one\nline two\nline three\nline");
        console.backend.end(0).visitor = 1;
        console.model.infoChanged();
        console.serveWoken();
        assertThat(console.backend.end(0).text()).isEqualTo("line three\nline");
        console.send(" four\n");
        assertThat(console.backend.end(0).text()).isEqualTo("line three\nline four\n");
    }

    @Test
    void each_who_comes_is_written_the_scrollback_and_a_log_that_was_there_always_is_not() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.send("a\n");
        ScriptedConsole log = new ScriptedConsole(1);
        console.model.detach();
        console.model.attach(log);
        console.serve(TRANSMIT);
        assertThat(log.end(0).text()).isEmpty();
        log.end(0).visitor = 1;
        console.serve(TRANSMIT);
        log.end(0).visitor = 2;
        console.serve(TRANSMIT);
        assertThat(log.end(0).text()).isEqualTo("a\na\n");
    }

    @Test
    void a_named_port_waits_for_somebody_and_repeats_nothing() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        ScriptedConsole.End end = console.backend.end(1);
        end.visitor = ConsoleBackend.NOBODY;
        TestChain chain = console.send(DATA, "first");
        assertThat(chain.completions()).isZero();
        end.visitor = 1;
        console.model.infoChanged();
        console.serveWoken();
        assertThat(chain.written()).isZero();
        end.visitor = ConsoleBackend.NOBODY;
        console.serve(DATA);
        end.visitor = 2;
        end.room = 2;
        TestChain cut = console.send(DATA, "second");
        end.visitor = ConsoleBackend.NOBODY;
        console.serve(DATA);
        assertThat(cut.completions()).isZero();
        end.visitor = 3;
        end.room = 100;
        console.serve(DATA);
        assertThat(end.text()).isEqualTo("firstsecond");
        assertThat(cut.written()).isZero();
    }

    @Test
    void a_typist_who_does_not_read_holds_the_driver_back_and_misses_nothing() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        String all = text(500_000);
        console.source(TRANSMIT).readable(ConsoleFixture.bytes(all));
        console.serve(TRANSMIT);
        console.serveWoken();
        long before = console.backend.end(0).taken.size();
        assertThat(before).isLessThan(500_000);
        StringBuilder seen = new StringBuilder();
        for (int i = 0; i < 1000 && seen.length() < all.length(); i++) {
            seen.append(read(typist));
            console.serveWoken();
        }
        assertThat(seen.toString()).isEqualTo(all);
        assertThat(typist.missed()).isZero();
        assertThat(console.backend.end(0).text()).isEqualTo(all);
    }

    @Test
    void a_typist_who_leaves_holds_nobody_back() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        TestChain chain = console.source(TRANSMIT).readable(ConsoleFixture.bytes(text(200_000)));
        console.serve(TRANSMIT);
        assertThat(chain.completions()).isZero();
        typist.close();
        console.serveWoken();
        assertThat(chain.written()).isZero();
    }

    @Test
    void who_only_looks_on_holds_nobody_back_and_is_told_how_much_was_missed() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer watcher = console.model.view(0, Mode.WATCH, "me");
        String all = text(500_000);
        TestChain chain = console.source(TRANSMIT).readable(ConsoleFixture.bytes(all));
        console.serve(TRANSMIT);
        console.serveWoken();
        assertThat(chain.written()).isZero();
        String seen = read(watcher);
        assertThat(seen).isNotEmpty();
        assertThat(all).endsWith(seen);
        assertThat(watcher.missed()).isEqualTo(all.length() - seen.length());
        assertThat(watcher.missed()).isZero();
    }

    @Test
    void a_driver_that_starts_anew_has_its_first_buffer_taken_from_the_beginning() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).room = 3;
        console.send("before");
        console.source(TRANSMIT).next();
        console.model.setDriverFeatures(0);
        ConsoleFixture again = console.start();
        TestChain chain = new TestChain(TestPayload.of(ConsoleFixture.bytes("after")), TestPayload.ofSizes());
        DriverQueue fresh = new DriverQueue();
        fresh.add(chain);
        again.backend.end(0).room = 100;
        again.model.service(TRANSMIT, fresh);
        assertThat(again.backend.end(0).text()).isEqualTo("beforeafter");
        assertThat(chain.written()).isZero();
    }

    @Test
    void memory_of_the_driver_that_is_gone_ends_the_buffer() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        TestChain chain = console.source(TRANSMIT)
                .add(new TestChain(TestPayload.ofSizes(10).vanish(), TestPayload.ofSizes()));
        console.serve(TRANSMIT);
        assertThat(chain.written()).isZero();
        assertThat(console.model.statistics(TRANSMIT).get("malformed")).isEqualTo(1);
    }
}
