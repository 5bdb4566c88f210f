package io.busbar.devices.console;

import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN;
import static io.busbar.devices.console.ConsoleFixture.RECEIVE;
import static io.busbar.devices.console.ConsoleFixture.content;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.ConsoleViewer.Mode;
import io.busbar.core.virtio.console.VirtioConsole;
import io.busbar.testkit.TestChain;
import io.busbar.testkit.TestPayload;
import org.junit.jupiter.api.Test;

/** Bytes to the driver: virtio 1.2, 5.3.6. */
class ReceiveTest {

    @Test
    void what_the_backend_has_fills_the_next_buffer_and_buffers_wait_while_it_has_nothing() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        TestChain first = console.receive(4096);
        assertThat(first.completions()).isZero();
        console.backend.end(0).type("ls\n");
        TestChain second = console.receive(4096);
        assertThat(content(first)).isEqualTo("ls\n");
        assertThat(second.completions()).isZero();
    }

    @Test
    void no_more_than_a_buffer_holds_is_reported_and_the_rest_comes_in_the_next() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).type("abcdefgh");
        TestChain first = console.receive(3);
        TestChain second = console.receive(1, 2);
        TestChain third = console.receive(100);
        assertThat(first.written()).isEqualTo(3);
        assertThat(second.written()).isEqualTo(3);
        assertThat(content(first) + content(second) + content(third)).isEqualTo("abcdefgh");
    }

    @Test
    void a_queue_that_has_no_buffers_is_served_when_the_driver_gives_some() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).type("x");
        console.serve(RECEIVE);
        assertThat(console.source(RECEIVE).takeDry()).isTrue();
        assertThat(content(console.receive(16))).isEqualTo("x");
    }

    @Test
    void what_a_viewer_types_and_what_the_backend_has_both_come_to_the_driver() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        console.serveWoken();
        assertThat(typist.type(ConsoleFixture.bytes("ab"), 0, 2)).isEqualTo(2);
        assertThat(console.context.takeWakes()).containsExactly(RECEIVE);
        console.backend.end(0).type("cd");
        assertThat(content(console.receive(16))).isEqualTo("abcd");
    }

    @Test
    void what_is_typed_waits_for_a_driver_and_no_more_is_taken_than_there_is_room_for() throws Exception {
        ConsoleFixture console = new ConsoleFixture();
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        byte[] much = ConsoleFixture.bytes("x".repeat(10_000));
        int taken = typist.type(much, 0, much.length);
        assertThat(taken).isEqualTo(4096);
        assertThat(typist.type(much, 0, much.length)).isZero();
        console.start();
        assertThat(content(console.receive(10_000))).hasSize(4096);
        assertThat(typist.type(much, 0, 1)).isEqualTo(1);
    }

    @Test
    void buffers_without_a_byte_to_write_to_go_back_and_hold_nothing_up() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).type("x");
        TestChain none = console.source(RECEIVE).readable(ConsoleFixture.bytes("for reading"));
        TestChain good = console.receive(10);
        assertThat(none.written()).isZero();
        assertThat(content(good)).isEqualTo("x");
        assertThat(console.model.statistics(RECEIVE).get("malformed")).isEqualTo(1);
    }

    @Test
    void a_buffer_whose_memory_is_gone_goes_back_empty() throws Exception {
        ConsoleFixture console = new ConsoleFixture().start();
        console.backend.end(0).type("x");
        TestChain gone = console.source(RECEIVE)
                .add(new TestChain(TestPayload.ofSizes(), TestPayload.ofSizes(10).vanish()));
        console.serve(RECEIVE);
        assertThat(gone.written()).isZero();
    }

    @Test
    void a_named_port_gets_nothing_before_the_driver_has_opened_it() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        int queue = VirtioConsole.receiveQueue(1);
        console.backend.end(1).type("early");
        TestChain chain = console.source(queue).writable(16);
        console.serve(queue);
        assertThat(chain.completions()).isZero();
        console.tell(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
        assertThat(content(chain)).isEqualTo("early");
        console.tell(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
        console.backend.end(1).type("late");
        TestChain next = console.source(queue).writable(16);
        console.serve(queue);
        assertThat(next.completions()).isZero();
    }
}
