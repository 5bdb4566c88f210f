package io.busbar.devices.console;

import static io.busbar.core.virtio.console.VirtioConsole.CONTROL_RECEIVE_QUEUE;
import static io.busbar.core.virtio.console.VirtioConsole.CONTROL_TRANSMIT_QUEUE;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_DEVICE_READY;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_OPEN;
import static io.busbar.core.virtio.console.VirtioConsole.VIRTIO_CONSOLE_PORT_READY;
import static io.busbar.devices.console.ConsoleFixture.message;
import static io.busbar.devices.console.ConsoleFixture.messages;
import static org.assertj.core.api.Assertions.assertThat;

import io.busbar.api.backend.ConsoleBackend;
import io.busbar.api.backend.ConsoleSize;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.ConsoleViewer.Mode;
import io.busbar.testkit.TestChain;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Control messages: virtio 1.2, 5.3.6.2. */
class ControlTest {

    private static ConsoleFixture ready(List<TestChain> buffers, ConsoleFixture console) {
        console.tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        for (int port = 0; port < console.model.channels().size(); port++) {
            console.tell(port, VIRTIO_CONSOLE_PORT_READY, 1);
        }
        assertThat(buffers).isNotNull();
        return console;
    }

    @Test
    void a_driver_that_is_ready_is_told_of_each_port_and_of_each_ports_state_when_it_has_made_it() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data,org.example.0").start();
        console.backend.end(1).visitor = ConsoleBackend.NOBODY;
        List<TestChain> buffers = console.offerControl(20);
        console.serve(CONTROL_RECEIVE_QUEUE);
        assertThat(messages(buffers)).isEmpty();
        console.tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        assertThat(messages(buffers)).containsExactly("0 ADD", "1 ADD", "2 ADD");
        console.tell(0, VIRTIO_CONSOLE_PORT_READY, 1);
        console.tell(1, VIRTIO_CONSOLE_PORT_READY, 1);
        console.tell(2, VIRTIO_CONSOLE_PORT_READY, 1);
        assertThat(messages(buffers).subList(3, messages(buffers).size())).containsExactly(
                "0 CONSOLE 1", "0 OPEN 1", "1 NAME data", "2 NAME org.example.0", "2 OPEN 1");
    }

    @Test
    void a_port_is_open_while_somebody_is_at_its_other_end() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        console.backend.end(1).visitor = ConsoleBackend.NOBODY;
        List<TestChain> buffers = console.offerControl(20);
        ready(buffers, console);
        int before = messages(buffers).size();
        console.backend.end(1).visitor = 1;
        console.model.infoChanged();
        console.serveWoken();
        console.backend.end(1).visitor = ConsoleBackend.NOBODY;
        console.model.infoChanged();
        console.serveWoken();
        ConsoleViewer typist = console.model.view(1, Mode.TYPE, "me");
        console.serveWoken();
        typist.close();
        console.serveWoken();
        assertThat(messages(buffers).subList(before, messages(buffers).size()))
                .containsExactly("1 OPEN 1", "1 OPEN 0", "1 OPEN 1", "1 OPEN 0");
    }

    @Test
    void messages_wait_for_buffers_and_a_state_that_was_changed_back_is_not_told() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        ready(List.of(), console);
        for (int i = 0; i < 1000; i++) {
            console.backend.end(1).visitor = i % 2;
            console.model.infoChanged();
            console.serveWoken();
        }
        assertThat(console.source(CONTROL_RECEIVE_QUEUE).takeDry()).isTrue();
        List<TestChain> buffers = console.offerControl(20);
        console.serve(CONTROL_RECEIVE_QUEUE);
        assertThat(messages(buffers)).containsExactly(
                "0 ADD", "0 CONSOLE 1", "0 OPEN 1", "1 ADD", "1 NAME data", "1 OPEN 1");
    }

    @Test
    void the_size_of_the_terminal_that_types_is_told_columns_first() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(20);
        ready(buffers, console);
        ConsoleViewer typist = console.model.view(0, Mode.TYPE, "me");
        typist.resize(132, 43);
        console.serveWoken();
        assertThat(messages(buffers)).last().isEqualTo("0 RESIZE 132x43");
        console.model.view(0, Mode.WATCH, "other").resize(80, 25);
        console.serveWoken();
        assertThat(messages(buffers)).last().isEqualTo("0 RESIZE 132x43");
        console.backend.size = Optional.of(new ConsoleSize(100, 30));
        typist.close();
        console.serveWoken();
        assertThat(messages(buffers)).last().isEqualTo("0 RESIZE 100x30");
    }

    @Test
    void malformed_messages_are_ignored_and_counted() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(20);
        console.tell(new byte[0]);
        console.tell(Arrays.copyOf(message(0, VIRTIO_CONSOLE_DEVICE_READY, 1), 7));
        console.tell(2, VIRTIO_CONSOLE_PORT_READY, 1);
        console.tell(-1, VIRTIO_CONSOLE_PORT_OPEN, 1);
        console.tell(Integer.MIN_VALUE, VIRTIO_CONSOLE_PORT_READY, 1);
        console.tell(0, 99, 1);
        console.tell(0, 0xffff, 1);
        assertThat(messages(buffers)).isEmpty();
        assertThat(console.model.statistics(CONTROL_TRANSMIT_QUEUE).get("malformed")).isEqualTo(7);
    }

    @Test
    void what_follows_a_message_is_not_looked_at() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(20);
        console.tell(Arrays.copyOf(message(0, VIRTIO_CONSOLE_DEVICE_READY, 1), 1 << 20));
        assertThat(messages(buffers)).containsExactly("0 ADD", "1 ADD");
    }

    @Test
    void messages_that_come_twice_change_nothing() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(100);
        ready(buffers, console);
        List<String> before = messages(buffers);
        ready(buffers, console);
        ready(buffers, console);
        assertThat(messages(buffers)).isEqualTo(before);
    }

    @Test
    void a_port_that_the_driver_could_not_make_is_left_alone() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(20);
        console.tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        console.tell(1, VIRTIO_CONSOLE_PORT_READY, 0);
        assertThat(messages(buffers)).containsExactly("0 ADD", "1 ADD");
    }

    @Test
    void buffers_that_are_too_small_go_back_empty_and_the_message_comes_in_the_next() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        TestChain small = console.source(CONTROL_RECEIVE_QUEUE).writable(7);
        List<TestChain> buffers = console.offerControl(2);
        console.tell(0, VIRTIO_CONSOLE_DEVICE_READY, 1);
        assertThat(small.written()).isZero();
        assertThat(messages(buffers)).containsExactly("0 ADD", "1 ADD");
    }

    @Test
    void a_driver_that_starts_anew_is_told_everything_again() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(40);
        ready(buffers, console);
        List<String> first = messages(buffers);
        console.model.setDriverFeatures(0);
        console.start();
        console.serve(CONTROL_RECEIVE_QUEUE);
        assertThat(messages(buffers)).isEqualTo(first);
        ready(buffers, console);
        assertThat(messages(buffers).subList(first.size(), messages(buffers).size())).isEqualTo(first);
    }

    @Test
    void a_port_that_the_driver_uses_is_taken_for_ready_by_a_device_model_that_came_later() throws Exception {
        ConsoleFixture console = new ConsoleFixture("ports", "data").start();
        List<TestChain> buffers = console.offerControl(20);
        console.send(5, "in use");
        console.serveWoken();
        assertThat(messages(buffers)).containsExactly("0 ADD", "1 ADD", "1 NAME data", "1 OPEN 1");
        assertThat(console.model.consolePorts().get(1).driverOpen()).isTrue();
    }
}
